// Run the very scripts of an exported page in Node: reads a request from standard input,
// writes the answer. Usage: node run_page.js PAGE < request.json
const fs = require("fs");
const vm = require("vm");

const page = fs.readFileSync(process.argv[2], "utf8");
const element = (id) => page.match(new RegExp(`<script id="${id}"[^>]*>([^]*?)</script>`))[1];
for (const id of ["lenet.js", "digit.js", "unit.js"]) vm.runInThisContext(element(id), id);
const description = JSON.parse(element("network"));
vm.runInThisContext(`var network = readNetwork(${JSON.stringify(description)})`);

const answers = {
  // The probabilities of each input, and the median milliseconds of a forward pass.
  forward: ({ inputs }) => {
    const times = [];
    const probabilities = inputs.map((input) => {
      const start = performance.now();
      const states = forward(network, Float32Array.from(input));
      times.push(performance.now() - start);
      return states.probabilities;
    });
    return { probabilities, milliseconds: times.sort((a, b) => a - b)[times.length >> 1] };
  },
  // All layers of one input: sums and values, map after map.
  layers: ({ input }) => {
    const states = forward(network, Float32Array.from(input));
    return Object.fromEntries(LAYERS.map((name) => [name, Array.from(states[name].values)]));
  },
  // Each drawing as bytes of ink on the pad, and framed as the network sees it.
  drawings: ({ drawings, width }) =>
    drawings.map((strokes) => {
      const ink = drawInk(strokes, width);
      const framed = frameDigit(ink);
      return { ink: Buffer.from(ink).toString("base64"), framed: framed && Array.from(framed) };
    }),
  samples: () => SAMPLES,
  distort: ({ input, distortions }) =>
    distortions.map((by) => Array.from(distort(Float32Array.from(input), by))),
  // For every unit of every layer, how far its worked-out sum is from the layer's own.
  explain: ({ input }) => {
    const states = forward(network, Float32Array.from(input));
    return Object.fromEntries(
      LAYERS.map((name) => {
        const { sums, height, width } = states[name];
        const errors = Array.from(sums, (sum, i) => {
          const map = Math.floor(i / (height * width));
          const unit = { name, map, row: Math.floor(i / width) % height, column: i % width };
          return Math.abs(explain(network, states, unit).sum - sum);
        });
        return [name, Math.max(...errors)];
      }),
    );
  },
};

const request = JSON.parse(fs.readFileSync(0, "utf8"));
console.log(JSON.stringify(answers[request.what](request)));
