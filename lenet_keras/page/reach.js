// What a unit reads, down to the drawing, and what reads it, up to the answer.

/** The place of a layer's units that a mark covers: rows and columns of one map. */
function mark(map, row, column, height, width) {
  return { map, row, column, height, width };
}

/** The maps below that a map reads: those of its table, or the one beneath it. */
function readMaps(layer, map) {
  return layer.table ? layer.table[map] : [map];
}

/** The windows in which a layer's units read: their size, and the step between them. */
function windowOf({ size }) {
  return size ? { size, stride: 1 } : { size: 2, stride: 2 };
}

/** All places that a unit's value depends on: for each layer below, its marks. */
function dependsOn(network, { name, map, row, column }) {
  const found = {};
  let marks = [mark(map, row, column, 1, 1)];
  for (let layer = name; layer !== "input"; layer = BELOW[layer]) {
    const { size, stride } = windowOf(network[layer]);
    const { row, column, height, width } = marks[0];
    const [down, across] = [height, width].map((length) => stride * (length - 1) + size);
    const maps = new Set(marks.flatMap(({ map }) => readMaps(network[layer], map)));
    marks = Array.from(maps, (map) => mark(map, stride * row, stride * column, down, across));
    found[BELOW[layer]] = marks;
  }
  return found;
}

/** All places that depend on a unit: for each layer above, its marks. */
function reachedFrom(network, states, { name, map, row, column }) {
  const found = {};
  let marks = [mark(map, row, column, 1, 1)];
  for (const layer of LAYERS.slice(LAYERS.indexOf(name) + 1)) {
    const { size, stride } = windowOf(network[layer]);
    const own = states[layer];
    const reached = (first, length, limit) => {
      const places = [...Array(limit).keys()].filter((k) => stride * k < first + length && stride * k + size > first);
      return [places[0], places.length];
    };
    const [top, height] = reached(marks[0].row, marks[0].height, own.height);
    const [left, width] = reached(marks[0].column, marks[0].width, own.width);
    const read = new Set(marks.map(({ map }) => map));
    const maps = [...Array(own.maps).keys()].filter((k) => readMaps(network[layer], k).some((source) => read.has(source)));
    marks = maps.map((k) => mark(k, top, left, height, width));
    found[layer] = marks;
  }
  return found;
}
