// Learning in the page: gradient descent on the reader's digits and on strokes of our own.
//
// A lesson is a generator. It yields after each sample, so that whoever runs it can stop
// after some milliseconds and go on later, and the drawing never waits.
"use strict";

const BATCH = 16;

/** A network of the same layers with weights as before any training. */
function startAgain(network, initializer, seed) {
  const random = randomNumbers(seed);
  return mapWeights(network, (weights, name, part) => {
    if (part === "biases") return new Float32Array(weights.length);
    if (part === "coefficients") return new Float32Array(weights.length).fill(1 / 4);
    const { size, table } = network[name];
    const limits = table.flatMap((sources) => {
      const fanIn = sources.length * size * size;
      const limit = initializer === "FanInUniform" ? 2.4 / Math.sqrt(fanIn) : Math.sqrt(6 / (fanIn + table.length * size * size));
      return Array(fanIn).fill(limit);
    });
    return weights.map((_, i) => limits[i] * (2 * random() - 1));
  });
}

/** Adam (Kingma and Ba, 2015): steps down the gradient, each weight at its own pace. */
function adam(network, rate) {
  const [means, squares] = [zerosLike(network), zerosLike(network)];
  let steps = 0;
  return (gradient, samples) => {
    steps++;
    const pace = (rate * Math.sqrt(1 - 0.999 ** steps)) / (1 - 0.9 ** steps);
    for (const name of LAYERS) {
      for (const part of PARTS) {
        const [weights, slopes] = [network[name][part], gradient[name][part]];
        if (!weights) continue;
        const [mean, square] = [means[name][part], squares[name][part]];
        for (let i = 0; i < weights.length; i++) {
          const slope = slopes[i] / samples;
          mean[i] += 0.1 * (slope - mean[i]);
          square[i] += 0.001 * (slope * slope - square[i]);
          weights[i] -= (pace * mean[i]) / (Math.sqrt(square[i]) + 1e-7);
          slopes[i] = 0;
        }
      }
    }
  };
}

/** A copy moved, sized, squeezed and turned at random, a little. */
function distortedCopy(input, random) {
  const within = (size) => size * (2 * random() - 1);
  return distort(input, { shiftX: within(1.5), shiftY: within(1.5), scale: 1 + within(0.1), squeeze: 1 + within(0.1), rotation: within(10) });
}

/** Some strokes to learn from, or to measure the error on; yields after each. */
function* storedStrokes(number, seed) {
  const digits = writeDigits(seed);
  const examples = [];
  while (examples.length < number) {
    examples.push(digits.next().value);
    yield;
  }
  return examples;
}

/** The share of examples that the network misreads; yields after each. */
function* errorOf(network, examples) {
  let wrong = 0;
  for (const { input, label } of examples) {
    if (answerOf(forward(network, input)) !== label) wrong++;
    yield;
  }
  return wrong / examples.length;
}

function answerOf({ probabilities }) {
  return probabilities.indexOf(Math.max(...probabilities));
}

/**
 * Train a network in place. Yields undefined after each sample, and after each few steps
 * a measure: how many `steps`, the `loss` of the last batches, the share of the `strokes`
 * that are misread, none of which it trains on, and of copies of the reader's `digits`.
 *
 * `digits` are the reader's own examples, `stored` and `heldOut` those of the page; each
 * is an `input` and its `label`. It ends when `isDone` says so of a measure.
 */
function* lesson(network, { digits, stored, heldOut, rate, rubbish, every, isDone, seed = 1 }) {
  const random = randomNumbers(seed);
  const pick = (examples) => examples[Math.floor(random() * examples.length)];
  const copies = Array.from({ length: digits.length && 20 }, (_, k) => {
    const { input, label } = digits[digits.length - 1 - (k % digits.length)];
    return { input: k ? distortedCopy(input, random) : input, label };
  });
  const gradient = zerosLike(network);
  const step = adam(network, rate);
  let [loss, samples] = [0, 0];
  for (let steps = 0; ; steps++) {
    if (steps % every === 0) {
      const strokes = yield* errorOf(network, heldOut);
      const own = digits.length ? yield* errorOf(network, copies) : null;
      const measure = { steps, loss: samples ? loss / samples : null, strokes, digits: own };
      yield measure;
      if (isDone(measure)) return;
      [loss, samples] = [0, 0];
    }
    for (let k = 0; k < BATCH; k++, samples++) {
      const { input, label } = pick(digits.length && k % 4 === 0 ? digits : stored);
      const states = forward(network, distortedCopy(input, random));
      loss += backward(network, states, label, gradient, rubbish);
      yield;
    }
    step(gradient, BATCH);
    yield;
  }
}
