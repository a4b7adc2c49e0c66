// The state of the page as the part of its address after #, and back.

// What the sliders set: smallest, largest, step and the value that changes nothing.
const SLIDERS = {
  stroke: { min: 6, max: 44, step: 1, rest: 20 },
  shiftX: { min: -10, max: 10, step: 0.5, rest: 0 },
  shiftY: { min: -10, max: 10, step: 0.5, rest: 0 },
  scale: { min: 0.4, max: 1.6, step: 0.05, rest: 1 },
  rotation: { min: -90, max: 90, step: 5, rest: 0 },
  squeeze: { min: 0.5, max: 2, step: 0.05, rest: 1 },
  noise: { min: 0, max: 0.5, step: 0.01, rest: 0 },
  weightNoise: { min: 0, max: 2, step: 0.05, rest: 0 },
};

/**
 * Write what is drawn, set, switched off and chosen as a text for the address.
 *
 * A point is four characters: x and y in base 36, with 100 added, so that lines may
 * leave the pad; strokes are parted by dots.
 */
function toAddress({ strokes, settings, off, unit, language }) {
  const parts = new URLSearchParams();
  const drawn = strokes.map((stroke) => stroke.flat().map((x) => (x + 100).toString(36).padStart(2, "0")).join(""));
  if (drawn.length) parts.set("d", drawn.join("."));
  for (const [name, { rest }] of Object.entries(SLIDERS)) {
    if (settings[name] !== rest) parts.set(name, settings[name]);
  }
  if (off.size) parts.set("off", [...off].map((map) => map.replace(":", ".")).join("_"));
  if (unit) parts.set("unit", [unit.name, unit.map, unit.row, unit.column].join("."));
  parts.set("lang", language);
  return parts.toString();
}

/** Read such a text, from anywhere: what is no part of this network is left out. */
function fromAddress(text, states) {
  const parts = new URLSearchParams(text);
  const settings = {};
  for (const [name, { min, max, rest }] of Object.entries(SLIDERS)) {
    const value = parts.has(name) ? Number(parts.get(name)) : rest;
    settings[name] = Number.isFinite(value) ? Math.min(max, Math.max(min, value)) : rest;
  }
  const off = (parts.get("off") ?? "").split("_").map((map) => map.split(".")).filter(([name, map]) =>
    name !== "output" && isUnit(states, { name, map: Number(map), row: 0, column: 0 }));
  const [name, ...place] = (parts.get("unit") ?? "").split(".");
  const [map, row, column] = place.map(Number);
  const unit = { name, map, row, column };
  return {
    strokes: readStrokes(parts.get("d") ?? ""),
    settings,
    off: new Set(off.map((parts) => parts.join(":"))),
    unit: isUnit(states, unit) ? unit : null,
    language: parts.get("lang"),
  };
}

function isUnit(states, { name, map, row, column }) {
  if (!LAYERS.includes(name)) return false;
  const { maps, height, width } = states[name];
  const isIn = (index, length) => Number.isInteger(index) && index >= 0 && index < length;
  return isIn(map, maps) && isIn(row, height) && isIn(column, width);
}

function readStrokes(text) {
  if (text.length > 20_000 || !/^([0-9a-z]{4}|\.)*$/.test(text)) return [];
  const strokes = text.split(".").map((stroke) => stroke.match(/.{4}/g) ?? []);
  const read = (two) => parseInt(two, 36) - 100;
  return strokes.filter((points) => points.length).map((points) => points.map((four) => [read(four.slice(0, 2)), read(four.slice(2))]));
}
