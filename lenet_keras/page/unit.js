// One unit's arithmetic, term by term: what it reads, its weights, its sum.
"use strict";

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
  const sources = layer.table ? layer.table[map] : [map];
  const single = states[BELOW[name]].height === 1; // from F6 on: one group of all units
  const groups = single
    ? [singleUnits(layer, states[BELOW[name]], map)]
    : sources.map((source, k) => windowed(layer, states[BELOW[name]], { map, row, column, source, k }));
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
  const size = layer.size ?? 2;
  const [top, left] = layer.size ? [row, column] : [2 * row, 2 * column];
  const inputs = [];
  for (let i = 0; i < size * size; i++) {
    const [y, x] = [top + Math.floor(i / size), left + (i % size)];
    inputs.push(below.values[(source * below.height + y) * below.width + x]);
  }
  const pair = pairsBefore(layer, map) + k;
  const weights = layer.size ? Array.from(layer.kernels.subarray(pair * size * size, (pair + 1) * size * size)) : [];
  return { source, size, width: size, top, left, inputs, weights };
}

function pairsBefore({ table = [] }, map) {
  return table.slice(0, map).reduce((sum, sources) => sum + sources.length, 0);
}

/** All 120 units of C5 that F6 reads, or all 84 of F6 that the output reads. */
function singleUnits({ kernels, codes }, below, map) {
  const width = below.maps === 84 ? 7 : 15;
  const weights = (codes ?? kernels).subarray(map * below.maps, (map + 1) * below.maps);
  return { source: null, size: 1, width, inputs: Array.from(below.values), weights: Array.from(weights) };
}

/** The square of the input that a unit sees, from the counts of its layer. */
function receptiveField({ receptive_field: size, stride }, { row, column }) {
  return { size, top: row * stride, left: column * stride };
}
