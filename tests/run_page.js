// Run the very scripts of an exported page in Node: reads a request from standard input,
// writes the answer. Usage: node run_page.js PAGE < request.json
const fs = require("fs");
const vm = require("vm");

const page = fs.readFileSync(process.argv[2], "utf8");
const element = (id) => page.match(new RegExp(`<script id="${id}"[^>]*>([^]*?)</script>`))[1];
const scripts = ["lenet", "digit", "unit", "reach", "backprop", "strokes", "learn", "npz", "address", "answer"];
for (const name of scripts) vm.runInThisContext(element(`${name}.js`), name);
const description = JSON.parse(element("network"));
vm.runInThisContext(`var network = readNetwork(${JSON.stringify(description)})`);

const answers = {
  // The probabilities of each input.
  forward: ({ inputs }) => ({
    probabilities: inputs.map((input) => forward(network, Float32Array.from(input)).probabilities),
  }),
  // Whether each reading is doubtful, by the rule that the page carries.
  doubtful: ({ inputs }) => inputs.map((input) => isDoubtful(forward(network, Float32Array.from(input)), description.doubt)),
  // All layers of one input: sums and values, map after map.
  layers: ({ input }) => {
    const states = forward(network, Float32Array.from(input));
    return Object.fromEntries(LAYERS.map((name) => [name, Array.from(states[name].values)]));
  },
  // Each drawing as bytes of ink on the pad, and framed as the network sees it.
  drawings: ({ drawings, width }) =>
    drawings.map((strokes) => {
      const ink = drawInk(strokes, width / 2, PAD);
      const framed = hasPaper(ink) ? frameDigit(strokes, width) : null;
      return { ink: Buffer.from(ink).toString("base64"), framed: framed && Array.from(framed) };
    }),
  samples: () => SAMPLES,
  distort: ({ input, distortions }) =>
    distortions.map((by) => Array.from(distort(Float32Array.from(input), by))),
  // The loss of each input, and the sum of their gradients, layer by layer, as .npz.
  gradients: ({ inputs, labels }) => {
    const gradient = zerosLike(network);
    const losses = inputs.map((input, i) =>
      backward(network, forward(network, Float32Array.from(input)), labels[i], gradient, description.rubbish));
    const layers = mapWeights(network, (_, name, part) => gradient[name][part]);
    return { losses, npz: npz(layers) };
  },
  npz: () => npz(network),
  // The errors while it learns from random weights, and of drawings that it is taught.
  learn: ({ taught, stored, most }) => {
    const learned = taught.length ? mapWeights(network, (weights) => weights.slice()) : startAgain(network, description.initializer, 7);
    const digits = taught.map(({ strokes, label }) => {
      const input = toInput(frameDigit(strokes, 20));
      return { input, label, taken: answerOf(forward(learned, input)) };
    });
    const measures = [];
    lesson(learned, { digits, rubbish: description.rubbish, rule: description.doubt, stored, most }, (measure) => measures.push(measure));
    const after = digits.map(({ input }) => answerOf(forward(learned, input)));
    const inDoubt = digits.some(({ input }) => isDoubtful(forward(learned, input), description.doubt));
    return { before: digits.map(({ taken }) => taken), measures, after, inDoubt, npz: npz(learned) };
  },
  strokes: ({ number }) => storedStrokes(number, 5).map(({ input, label }) => ({ input: Array.from(input), label })),
  // For each unit, those of each layer above whose sums change with it, and some of the
  // pixels that change it, beside those that are said to.
  reach: ({ input, units, pixels }) => units.map((unit) => {
    const states = forward(network, Float32Array.from(input));
    const at = (states[unit.name].height * unit.map + unit.row) * states[unit.name].width + unit.column;
    const marks = { ...dependsOn(network, unit), ...reachedFrom(network, states, unit) };
    const said = Object.fromEntries(Object.entries(marks).map(([name, marks]) => [name, placesOf(states[name], marks)]));
    const changed = {};
    let below = { ...states[unit.name], values: states[unit.name].values.map((x, i) => (i === at ? x + 1 : x)) };
    for (const name of LAYERS.slice(LAYERS.indexOf(unit.name) + 1)) {
      below = run(network[name], below);
      changed[name] = [...below.values.keys()].filter((i) => below.values[i] !== states[name].values[i]);
    }
    // Below: which pixels of the input move the unit, found by moving each of them.
    changed.input = pixels.filter((i) => {
      const moved = forward(network, Float32Array.from(input, (x, k) => (k === i ? x + 1 : x)));
      return moved[unit.name].values[at] !== states[unit.name].values[at];
    });
    said.input = said.input.filter((i) => pixels.includes(i));
    return { said, changed };
  }),
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

function npz(network) {
  return Buffer.concat(toNpz(kerasWeights(network, description.c5))).toString("base64");
}

function placesOf({ height, width }, marks) {
  return marks.flatMap((mark) =>
    Array.from({ length: mark.height * mark.width }, (_, i) => {
      const [row, column] = [mark.row + Math.floor(i / mark.width), mark.column + (i % mark.width)];
      return (mark.map * height + row) * width + column;
    }));
}

const request = JSON.parse(fs.readFileSync(0, "utf8"));
console.log(JSON.stringify(answers[request.what](request)));
