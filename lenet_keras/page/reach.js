// What a unit reads, down to the drawing, and what reads it, up to the answer.
"use strict";

/** The place of a layer's units that a mark covers: rows and columns of one map. */
function mark(map, row, column, height, width) {
  return { map, row, column, height, width };
}

/** The maps below that a map reads: those of its table, or the one beneath it. */
function readMaps(layer, map) {
  return layer.table ? layer.table[map] : [map];
}

/**
 * All places that a unit's value depends on: for each layer below, its marks.
 *
 * A unit reads a window of some maps below, that window reads a larger one, and so on.
 */
function dependsOn(network, states, { name, map, row, column }) {
  const found = {};
  let marks = [mark(map, row, column, 1, 1)];
  for (let layer = name; layer !== "input"; layer = BELOW[layer]) {
    const below = states[BELOW[layer]];
    const window = marks[0];
    const maps = new Set(marks.flatMap(({ map }) => readMaps(network[layer], map)));
    const [size, stride] = network[layer].size ? [network[layer].size, 1] : [2, 2];
    const isSingle = below.height === 1; // F6 and the output read single units
    const grown = (first, length) => (isSingle ? [0, 1] : [stride * first, stride * (length - 1) + size]);
    const [top, height] = grown(window.row, window.height);
    const [left, width] = grown(window.column, window.width);
    marks = Array.from(maps, (map) => mark(map, top, left, height, width));
    found[BELOW[layer]] = marks;
  }
  return found;
}

/** All places that depend on a unit: for each layer above, its marks. */
function reachedFrom(network, states, { name, map, row, column }) {
  const found = {};
  let marks = [mark(map, row, column, 1, 1)];
  for (const layer of LAYERS.slice(LAYERS.indexOf(name) + 1)) {
    const own = states[layer];
    const read = new Set(marks.map(({ map }) => map));
    const window = marks[0];
    const { size } = network[layer];
    const range = (first, length, limit) => {
      if (limit === 1) return [0, 1];
      const [low, high] = size
        ? [Math.max(0, first - size + 1), Math.min(limit - 1, first + length - 1)]
        : [Math.floor(first / 2), Math.floor((first + length - 1) / 2)];
      return [low, high - low + 1];
    };
    const [top, height] = range(window.row, window.height, own.height);
    const [left, width] = range(window.column, window.width, own.width);
    const maps = [...Array(own.maps).keys()].filter((k) => readMaps(network[layer], k).some((source) => read.has(source)));
    marks = maps.map((k) => mark(k, top, left, height, width));
    found[layer] = marks;
  }
  return found;
}
