// LeNet-5's forward pass (LeCun et al. 1998, Section II-B), written out.
//
// A layer's maps lie one after the other, each row by row. C1, C3, C5, F6 and the
// output are one operation, a weighted sum over a window of some of the maps below;
// C5's window covers all of S4, and from there on the maps are single units.

// A tanh(S a), with A and S of Appendix A.
const SQUASH = {
  scaled_tanh: { f: (a) => 1.7159 * Math.tanh((2 / 3) * a), text: "1.7159 tanh(2a/3)" },
  tanh: { f: Math.tanh, text: "tanh(a)" },
  sigmoid: { f: (a) => 1 / (1 + Math.exp(-a)), text: "1 / (1 + e⁻ᵃ)" },
  relu: { f: (a) => Math.max(0, a), text: "max(0, a)" },
  linear: { f: (a) => a, text: "a" },
};

const LAYERS = ["c1", "s2", "c3", "s4", "c5", "f6", "output"];
const BELOW = { c1: "input", s2: "c1", c3: "s2", s4: "c3", c5: "s4", f6: "c5", output: "f6" };
const PARTS = ["kernels", "coefficients", "biases"]; // of a layer, all that learns; codes do not

/** Make the network of its description: `export_page` writes it, base64 and all. */
function readNetwork(description) {
  const { activation, subsampling, squashSubsampling, table, output } = description;
  const floats = decodeFloats(description.weights);
  let used = 0;
  const take = (number) => floats.subarray(used, (used += number));

  const weighted = (size, table, squash) => {
    const pairs = table.reduce((sum, sources) => sum + sources.length, 0);
    const kernels = take(pairs * size * size);
    return { kind: "weighted", size, table, kernels, biases: take(table.length), squash };
  };
  const halved = (maps) => {
    const squash = squashSubsampling ? activation : "linear";
    if (subsampling !== "trained") return { kind: subsampling, maps, squash };
    return { kind: "trained", maps, coefficients: take(maps), biases: take(maps), squash };
  };
  const all = (inputs, maps) => Array.from({ length: maps }, () => [...Array(inputs).keys()]);

  const classes = description.classes.length;
  const layers = {
    c1: weighted(5, all(1, 6), activation),
    s2: halved(6),
    c3: weighted(5, table, activation),
    s4: halved(16),
    c5: weighted(5, all(16, 120), activation),
    f6: weighted(1, all(120, 84), activation),
    output:
      output === "rbf"
        ? { kind: "rbf", size: 1, table: all(84, classes), codes: take(84 * classes) }
        : weighted(1, all(84, classes), "linear"),
  };
  if (used !== floats.length) throw new Error(`${floats.length} weights, ${used} used`);
  return layers;
}

function decodeFloats(base64) {
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => view.getFloat32(4 * i, true));
}

/**
 * Send a 32x32 input through the network.
 *
 * `off` names maps that are switched off, such as "c3:5": they give 0. Returns for each
 * layer its `sums` and, squashed, its `values`; and the `probabilities` of the classes,
 * exp(score) over their sum, where the RBF's score is -y (Section II-C).
 */
function forward(network, input, off = new Set()) {
  const states = { input: { maps: 1, height: 32, width: 32, values: Float64Array.from(input) } };
  let below = states.input;
  for (const name of LAYERS) {
    below = states[name] = run(network[name], below);
    switchOff(below, name, off);
  }
  const sign = network.output.kind === "rbf" ? -1 : 1;
  states.probabilities = softmax(below.values.map((value) => sign * value));
  return states;
}

function run(layer, below) {
  if (layer.kind === "rbf") return distances(layer, below);
  const state = layer.kind === "weighted" ? convolve(layer, below) : subsample(layer, below);
  state.values = state.sums.map(SQUASH[layer.squash].f);
  return state;
}

/** Each map: its bias, plus the kernels over the maps that it reads (C3: Table I). */
function convolve(layer, below) {
  const { table, kernels, biases } = layer;
  const [height, width] = [below.height - layer.size + 1, below.width - layer.size + 1];
  const sums = new Float64Array(table.length * height * width);
  sums.forEach((_, unit) => (sums[unit] = biases[Math.floor(unit / (height * width))]));
  if (height === 1) weighAll(kernels, below.values, sums);
  else eachKernelRow(layer, below, (weight, from, to) => {
    const [k0, k1, k2, k3, k4] = [kernels[weight], kernels[weight + 1], kernels[weight + 2], kernels[weight + 3], kernels[weight + 4]];
    const { values } = below;
    for (let row = 0; row < height; row++, from += 4) {
      for (const end = to + width; to < end; to++, from++) {
        sums[to] += k0 * values[from] + k1 * values[from + 1] + k2 * values[from + 2] + k3 * values[from + 3] + k4 * values[from + 4];
      }
    }
  });
  return { maps: table.length, height, width, sums };
}

/** From C5 on, each unit weighs all that is below. */
function weighAll(kernels, values, sums) {
  const inputs = values.length;
  for (let unit = 0, weight = 0; unit < sums.length; unit++) {
    let sum = sums[unit];
    for (let i = 0; i < inputs; i++, weight++) sum += kernels[weight] * values[i];
    sums[unit] = sum;
  }
}

/** Go over each row of each 5x5 kernel: its first weight, value below and sum. */
function eachKernelRow({ table }, below, visit) {
  const area = (below.height - 4) * (below.width - 4);
  let weight = 0;
  table.forEach((sources, map) => {
    for (const source of sources) {
      for (let row = 0; row < 5; row++, weight += 5) visit(weight, (source * below.height + row) * below.width, map * area);
    }
  });
}

/** Each unit reads a 2x2 window: its sum times a coefficient, its mean or its largest. */
function subsample({ kind, maps, coefficients, biases }, below) {
  const [height, width] = [below.height / 2, below.width / 2];
  const sums = new Float64Array(maps * height * width);
  for (let unit = 0; unit < sums.length; unit++) {
    const four = fourBelow(below, unit).map((place) => below.values[place]);
    const sum = four[0] + four[1] + four[2] + four[3];
    const map = Math.floor(unit / (height * width));
    if (kind === "max") sums[unit] = Math.max(...four);
    else if (kind === "average") sums[unit] = sum / 4;
    else sums[unit] = coefficients[map] * sum + biases[map];
  }
  return { maps, height, width, sums };
}

/** The places of a unit's 2x2 window: two rows below for each of its own, map after map. */
function fourBelow({ width }, unit) {
  const columns = width / 2;
  const first = 2 * (width * Math.floor(unit / columns) + (unit % columns));
  return [first, first + 1, first + width, first + width + 1];
}

/** The RBF's penalties y_i: squared distances of F6 to the codes (eq. 7). */
function distances({ table, codes }, below) {
  const sums = new Float64Array(table.length);
  for (let unit = 0; unit < sums.length; unit++) {
    for (let j = 0; j < 84; j++) sums[unit] += (below.values[j] - codes[84 * unit + j]) ** 2;
  }
  return { maps: table.length, height: 1, width: 1, sums, values: sums };
}

function switchOff({ maps, height, width, values }, name, off) {
  for (let map = 0; map < maps; map++) {
    if (off.has(`${name}:${map}`)) values.fill(0, map * height * width, (map + 1) * height * width);
  }
}

function softmax(scores) {
  const largest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - largest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}

/** The same layers, each array that learns replaced by what `change` makes of it. */
function mapWeights(network, change) {
  const changed = {};
  for (const name of LAYERS) {
    changed[name] = { ...network[name] };
    for (const part of PARTS) {
      if (network[name][part]) changed[name][part] = change(network[name][part], name, part);
    }
  }
  return changed;
}

/** With noise on all that learns: `amount` times each array's root mean square. */
function withNoisyWeights(network, amount) {
  if (amount === 0) return network;
  const random = randomNumbers(1998);
  return mapWeights(network, (weights) => {
    const size = Math.sqrt(weights.reduce((sum, w) => sum + w * w, 0) / weights.length);
    return weights.map((w) => w + amount * size * gaussian(random));
  });
}

/** A small random generator (xorshift), so that the same seed gives the same noise. */
function randomNumbers(seed) {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function gaussian(random) {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}
