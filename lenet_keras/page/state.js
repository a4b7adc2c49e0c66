// What all parts of the page share: the network, and what is drawn, set and chosen.

const $ = (id) => document.getElementById(id);
const description = JSON.parse($("network").textContent);
const trained = readNetwork(description);
const readsDigits = description.classes.join("") === "0123456789"; // as samples and lessons have them

const state = {
  strokes: [],
  isSample: false, // the next stroke of the reader's own clears a sample
  sample: null, // the digit whose sample was drawn, until Clear
  hasDigit: false,
  pen: { x: PAD / 2, y: PAD / 2, down: false, isKeys: false },
  settings: {},
  network: trained, // what it has learned, and the noise on its weights
  off: new Set(),
  unit: null, // the chosen one
  hover: null, // that under the mouse
  group: 0,
  tab: "start",
  states: null,
};
const mayMove = !matchMedia("(prefers-reduced-motion: reduce)").matches;
