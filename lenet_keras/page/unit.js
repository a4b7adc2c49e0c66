// One unit's arithmetic, term by term: what it reads, its weights, its sum.

/**
 * Work out the sum of one unit, given by its layer's `name`, its `map`, `row`, `column`.
 *
 * Returns `groups`, one for each map below that the unit reads: the `inputs` in its
 * window, the `weights`, the `terms` that they make, and the terms' `sum`; then the
 * `bias`, the whole `sum`, and the `value` that squashing makes of it.
 */
function explain(network, states, { name, map, row, column }) {
  const layer = network[name];
  const state = states[name];
  const index = (map * state.height + row) * state.width + column;
  const single = states[BELOW[name]].height === 1; // from F6 on: one group of all units
  const groups = single
    ? [singleUnits(layer, states[BELOW[name]], map)]
    : readMaps(layer, map).map((source, k) => windowed(layer, states[BELOW[name]], { map, row, column, source, k }));
  for (const group of groups) {
    group.terms = group.inputs.map((input, i) => term(layer, input, group.weights[i]));
    group.sum = group.terms.reduce((sum, term) => sum + term, 0);
  }
  const bias = layer.biases ? layer.biases[map] : 0;
  return { groups, bias, sum: total(layer, groups, bias, map), value: state.values[index] };
}

function term(layer, input, weight) {
  if (layer.kind === "rbf") return (input - weight) ** 2;
  return layer.kind === "weighted" ? input * weight : input;
}

function total({ kind, coefficients }, groups, bias, map) {
  if (kind === "max") return Math.max(...groups[0].inputs);
  if (kind === "average") return groups[0].sum / 4;
  if (kind === "trained") return coefficients[map] * groups[0].sum + bias;
  return groups.reduce((sum, group) => sum + group.sum, bias);
}

/** The window of one map below: 5x5 with the kernel of this pair of maps, or 2x2. */
function windowed(layer, below, { map, row, column, source, k }) {
  const { size, stride } = windowOf(layer);
  const [top, left] = [stride * row, stride * column];
  const inputs = cropped(below, source, top, left, size);
  const pair = (layer.table ?? []).slice(0, map).flat().length + k;
  const weights = Array.from(layer.kernels?.subarray(pair * size * size, (pair + 1) * size * size) ?? []);
  return { source, size, width: size, top, left, inputs, weights };
}

/** The values of a square of a map, row by row. */
function cropped({ values, height, width }, map, top, left, size) {
  return Array.from({ length: size * size }, (_, i) =>
    values[(map * height + top + Math.floor(i / size)) * width + left + (i % size)]);
}

/** All 120 units of C5 that F6 reads, or all 84 of F6 that the output reads. */
function singleUnits({ kernels, codes }, below, map) {
  const width = below.maps === 84 ? 7 : 15;
  const weights = (codes ?? kernels).subarray(map * below.maps, (map + 1) * below.maps);
  return { source: null, size: 1, width, inputs: Array.from(below.values), weights: Array.from(weights) };
}
