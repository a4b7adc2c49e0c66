// Back-propagation through all of LeNet-5 (Section II-C): how each weight moves the loss.
//
// A layer's `run` has its counterpart here. Each takes the gradient of the loss with
// respect to the layer's sums, adds that of its weights to `gradient`, and returns that
// of the values below. They are added up, so that a batch is a sum over its samples.

// The derivative of each squashing function, from its value where that is shorter.
const SLOPE = {
  scaled_tanh: (_, value) => ((2 / 3) / 1.7159) * (1.7159 ** 2 - value ** 2),
  tanh: (_, value) => 1 - value ** 2,
  sigmoid: (_, value) => value * (1 - value),
  relu: (sum) => (sum > 0 ? 1 : 0),
  linear: () => 1,
};

/** Arrays of zeros beside all weights that learn, layer by layer. */
function zerosLike(network) {
  return mapWeights(network, (weights) => new Float64Array(weights.length));
}

/**
 * The loss of one input whose class is `right`; its gradient is added to `gradient`.
 *
 * The loss is the cross-entropy -log p. With RBF outputs it is eq. 9, whose class
 * "rubbish" has the constant penalty `rubbish`, the j of the paper.
 */
function backward(network, states, right, gradient, rubbish) {
  const isRbf = network.output.kind === "rbf";
  const sign = isRbf ? -1 : 1;
  const scores = Array.from(states.output.values, (value) => sign * value);
  const all = isRbf ? [...scores, -rubbish] : scores;
  const probabilities = softmax(all);
  let above = Float64Array.from(scores, (_, k) => sign * (probabilities[k] - (k === right ? 1 : 0)));
  for (let i = LAYERS.length - 1; i >= 0; i--) {
    const name = LAYERS[i];
    const [layer, own] = [network[name], states[name]];
    if (name !== "output" && layer.squash !== "linear") {
      const slope = SLOPE[layer.squash];
      for (let unit = 0; unit < above.length; unit++) above[unit] *= slope(own.sums[unit], own.values[unit]);
    }
    const back = { weighted: convolveBack, rbf: distancesBack }[layer.kind] ?? subsampleBack;
    above = back(layer, own, states[BELOW[name]], above, gradient[name]);
  }
  const largest = Math.max(...all);
  return largest + Math.log(all.reduce((sum, score) => sum + Math.exp(score - largest), 0)) - scores[right];
}

/** Each weight meets each place of its window: its input, and the gradient above. */
function convolveBack(layer, { height, width }, below, above, gradient) {
  const { values } = below;
  const down = new Float64Array(values.length);
  above.forEach((slope, unit) => (gradient.biases[Math.floor(unit / (height * width))] += slope));
  if (height === 1) weighAllBack(layer.kernels, values, above, gradient.kernels, down);
  else eachKernelRow(layer, below, (weight, from, to) => {
    const { kernels } = layer;
    const [k0, k1, k2, k3, k4] = [kernels[weight], kernels[weight + 1], kernels[weight + 2], kernels[weight + 3], kernels[weight + 4]];
    let [s0, s1, s2, s3, s4] = [0, 0, 0, 0, 0];
    for (let row = 0; row < height; row++, from += 4) {
      for (const end = to + width; to < end; to++, from++) {
        const slope = above[to];
        s0 += slope * values[from];
        s1 += slope * values[from + 1];
        s2 += slope * values[from + 2];
        s3 += slope * values[from + 3];
        s4 += slope * values[from + 4];
        down[from] += k0 * slope;
        down[from + 1] += k1 * slope;
        down[from + 2] += k2 * slope;
        down[from + 3] += k3 * slope;
        down[from + 4] += k4 * slope;
      }
    }
    [s0, s1, s2, s3, s4].forEach((sum, k) => (gradient.kernels[weight + k] += sum));
  });
  return down;
}

function weighAllBack(kernels, values, above, gradient, down) {
  for (let unit = 0, weight = 0; unit < above.length; unit++) {
    const slope = above[unit];
    for (let i = 0; i < values.length; i++, weight++) {
      gradient[weight] += slope * values[i];
      down[i] += slope * kernels[weight];
    }
  }
}

function subsampleBack({ kind, coefficients }, { height, width }, below, above, gradient) {
  const down = new Float64Array(below.values.length);
  for (let unit = 0; unit < above.length; unit++) {
    const map = Math.floor(unit / (height * width));
    const four = fourBelow(below, unit);
    if (kind === "max") {
      // The first of the largest, as Keras on TensorFlow has it.
      const best = four.reduce((best, place) => (below.values[place] > below.values[best] ? place : best));
      down[best] += above[unit];
      continue;
    }
    const share = kind === "average" ? 1 / 4 : coefficients[map];
    for (const place of four) down[place] += share * above[unit];
    if (kind !== "trained") continue;
    gradient.coefficients[map] += above[unit] * four.reduce((sum, place) => sum + below.values[place], 0);
    gradient.biases[map] += above[unit];
  }
  return down;
}

/** y = |x - w|² pulls each unit of F6 towards the code, or pushes it away. */
function distancesBack({ codes }, _, below, above) {
  return below.values.map((value, j) => above.reduce((sum, g, k) => sum + 2 * g * (value - codes[84 * k + j]), 0));
}
