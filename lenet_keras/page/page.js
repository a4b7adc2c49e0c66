// The page itself: the pad, the layers, the answer, the keys, and what they share.
"use strict";

const $ = (id) => document.getElementById(id);
const description = JSON.parse($("network").textContent);
const trained = readNetwork(description);

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

const state = {
  strokes: [],
  isSample: false, // the next stroke of the reader's own clears a sample
  pen: { x: PAD / 2, y: PAD / 2, down: false },
  settings: {},
  network: trained,
  off: new Set(),
  unit: null,
  group: 0,
  states: null,
};
const mayMove = !matchMedia("(prefers-reduced-motion: reduce)").matches;

// ---- From the drawing to the picture of all layers ------------------------------------

let isScheduled = false;

/** Redraw before the next frame, however often it is asked for. */
function update() {
  if (isScheduled) return;
  isScheduled = true;
  requestAnimationFrame(() => {
    isScheduled = false;
    redraw();
  });
}

function redraw() {
  const { settings, strokes, network, off } = state;
  const ink = drawInk(strokes, settings.stroke);
  const framed = frameDigit(ink);
  const input = addNoise(distort(toInput(framed), settings), settings.noise);
  state.states = forward(network, input, off);
  drawPad(ink);
  drawSeen();
  for (const name of LAYERS) drawLayer(name);
  showAnswer(framed !== null);
  showUnit($("unit"), { ...state, description, openGroup, switchMap });
}

function drawPad(ink) {
  const colours = Array.from({ length: 256 }, (_, level) => mix(palette.paper, palette.ink, level / 255));
  const context = $("pad").getContext("2d");
  context.putImageData(paint(ink, PAD, (level) => colours[level]), 0, 0);
  if (document.activeElement === $("pad")) drawPen(context);
}

function drawPen(context) {
  const { x, y, down } = state.pen;
  context.strokeStyle = rgb(palette.frame);
  context.lineWidth = down ? 4 : 2;
  context.beginPath();
  context.arc(x, y, state.settings.stroke / 2 + 3, 0, 7);
  context.stroke();
}

function drawSeen() {
  const context = $("seen").getContext("2d");
  drawMap(context, Array.from(state.states.input.values), 32, 0, 0, 10, inkColour);
  if (!state.unit) return;
  const counts = description.layers.find(({ name }) => name === state.unit.name);
  const { size, top, left } = receptiveField(counts, state.unit);
  outline(context, 10 * left, 10 * top, 10 * size, 10 * size);
}

function drawLayer(name) {
  const own = state.states[name];
  const limit = largestSize(own.values);
  drawStrip($(name), name, own, { limit, off: state.off, marks: marksIn(name), labels: name === "output" && description.classes });
  const [low, high] = $(`${name}Legend`).querySelectorAll("span");
  [low.textContent, high.textContent] = [show(-limit), show(limit)];
  if (name === "f6" && network1998()) drawNearest();
}

function network1998() {
  return trained.output.kind === "rbf";
}

/** What is framed in a layer: the chosen unit, or the windows that it reads. */
function marksIn(name) {
  const { unit, network, states } = state;
  if (!unit) return [];
  if (unit.name === name) return [{ ...unit, size: 1 }];
  if (BELOW[unit.name] !== name || states[name].height === 1) return [];
  const { groups } = explain(network, states, unit);
  return groups.map(({ source, top, left, size }) => ({ map: source, row: top, column: left, size }));
}

/** Beside F6's own picture: the three codes nearest to it, with their distances. */
function drawNearest() {
  const penalties = state.states.output.values;
  const order = [...penalties.keys()].sort((a, b) => penalties[a] - penalties[b]).slice(0, 3);
  $("nearest").replaceChildren(make("figcaption", {}, say("nearest")), ...order.map((k) => {
    const code = trained.output.codes.subarray(84 * k, 84 * k + 84);
    const text = `${description.classes[k]}: ${show(penalties[k])}`;
    return make("figure", {}, makePicture(code, 7, { cell: 24, label: text }), make("figcaption", {}, text));
  }));
}

// ---- The answer ------------------------------------------------------------------------

function showAnswer(hasDigit) {
  const { probabilities, output } = state.states;
  const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
  const [first, second] = order.map((k) => [description.classes[k], showPercent(probabilities[k])]);
  $("answer").textContent = hasDigit ? first[0] : "–";
  $("probabilities").classList.toggle("blank", !hasDigit);
  probabilities.forEach((p, k) => {
    const row = $(`class${k}`);
    row.classList.toggle("first", hasDigit && k === order[0]);
    row.querySelector("i").style.width = hasDigit ? `${100 * p}%` : "0";
    row.querySelector("b").textContent = hasDigit ? showPercent(p) : "";
  });
  announce(hasDigit ? `${say("isAnswer", ...first)} ${say("second", ...second)}` : say("none"));
  $("probabilities").title = network1998() ? `y = ${show(output.values[order[0]])}` : "";
}

let announcement = 0;

/** Tell a screen reader, once things have been still for a moment. */
function announce(text, wait = 500) {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    if ($("live").textContent !== text) $("live").textContent = text;
  }, wait);
}

// ---- The pad ---------------------------------------------------------------------------

function startStroke(point) {
  if (state.isSample) clear();
  state.strokes.push([point]);
  update();
}

function extendStroke(point) {
  state.strokes.at(-1)?.push(point);
  update();
}

function clear() {
  stopSample();
  Object.assign(state, { strokes: [], isSample: false });
  state.pen.down = false;
  update();
}

function undo() {
  stopSample();
  state.strokes.pop();
  state.pen.down = false;
  update();
}

let sampleTimer = 0;

function stopSample() {
  clearInterval(sampleTimer);
}

/** Draw a sample digit stroke by stroke; at once for who asked for reduced motion. */
function drawSample(digit) {
  clear();
  state.isSample = true;
  const points = SAMPLES[digit].flatMap((stroke) => stroke.map((point, i) => ({ point, isFirst: i === 0 })));
  const advance = (number) => {
    for (const { point, isFirst } of points.splice(0, number)) {
      if (isFirst) state.strokes.push([]);
      state.strokes.at(-1).push(point);
    }
    if (!points.length) stopSample();
    update();
  };
  if (mayMove) sampleTimer = setInterval(advance, 16, 3);
  else advance(points.length);
}

function padPoint(event) {
  const box = $("pad").getBoundingClientRect();
  return [((event.clientX - box.left) / box.width) * PAD, ((event.clientY - box.top) / box.height) * PAD];
}

function listenToPad() {
  const pad = $("pad");
  let pointer = null;
  pad.addEventListener("pointerdown", (event) => {
    if (pointer !== null || event.button !== 0) return;
    pointer = event.pointerId;
    pad.setPointerCapture(pointer);
    startStroke(padPoint(event));
  });
  pad.addEventListener("pointermove", (event) => {
    if (event.pointerId !== pointer) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const each of events.length ? events : [event]) extendStroke(padPoint(each));
  });
  for (const end of ["pointerup", "pointercancel"]) {
    pad.addEventListener(end, (event) => {
      if (event.pointerId === pointer) pointer = null;
    });
  }
  pad.addEventListener("keydown", keyOnPad);
  pad.addEventListener("focus", update);
  pad.addEventListener("blur", update);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function keyOnPad(event) {
  const { pen } = state;
  if (event.key === " ") {
    pen.down = !pen.down;
    if (pen.down) startStroke([pen.x, pen.y]);
    pen.down = state.strokes.length > 0 && pen.down;
    announce(say(pen.down ? "penDown" : "penUp"), 0);
  } else if (ARROWS[event.key]) {
    const step = event.shiftKey ? 2 : 8;
    const [right, down] = ARROWS[event.key];
    pen.x = Math.min(PAD, Math.max(0, pen.x + step * right));
    pen.y = Math.min(PAD, Math.max(0, pen.y + step * down));
    if (pen.down) extendStroke([pen.x, pen.y]);
  } else return;
  event.preventDefault();
  event.stopPropagation();
  update();
}

/** Save the drawing, dark on white, as `lenet5 predict` reads it. */
function savePicture() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = PAD;
  const ink = drawInk(state.strokes, state.settings.stroke);
  canvas.getContext("2d").putImageData(paint(ink, PAD, (level) => Array(3).fill(255 - level)), 0, 0);
  make("a", { download: "digit.png", href: canvas.toDataURL("image/png") }).click();
}

// ---- Choosing a unit -------------------------------------------------------------------

function choose(unit) {
  Object.assign(state, { unit, group: 0 });
  if (unit) {
    const { height, width, values } = state.states[unit.name];
    const value = values[(unit.map * height + unit.row) * width + unit.column];
    const place = say("place", nameOf(unit.name), unit.map, unit.row, unit.column, height === 1);
    announce(`${place} ${say("gives", show(value))}`, 100);
  }
  update();
}

function openGroup(group) {
  state.group = group;
  update();
}

function switchMap() {
  const { unit, off } = state;
  if (!unit || unit.name === "output") return;
  const map = `${unit.name}:${unit.map}`;
  if (!off.delete(map)) off.add(map);
  update();
}

/** The unit of a layer with the largest value: where a lecturer would point. */
function strongest(name) {
  const { height, width, values } = state.states[name];
  const sign = name === "output" && network1998() ? -1 : 1;
  const index = values.reduce((best, value, i) => (sign * value > sign * values[best] ? i : best), 0);
  return { name, map: Math.floor(index / (height * width)), row: Math.floor(index / width) % height, column: index % width };
}

function stepLayer(step) {
  const now = state.unit ? LAYERS.indexOf(state.unit.name) : step > 0 ? -1 : LAYERS.length;
  const next = LAYERS[Math.min(LAYERS.length - 1, Math.max(0, now + step))];
  choose(strongest(next));
  $(next).scrollIntoView({ block: "nearest", behavior: mayMove ? "smooth" : "auto" });
}

/** Move the chosen unit by one; across a map's edge to the next map. */
function moveUnit(name, right, down) {
  if (state.unit?.name !== name) return choose(strongest(name));
  const { maps, height, width } = state.states[name];
  const { columns } = stripLayout(name, state.states[name]);
  let { map, row, column } = state.unit;
  [row, column] = [row + down, column + right];
  if (column < 0 || column >= width) [map, column] = [map + right, right < 0 ? width - 1 : 0];
  if (row < 0 || row >= height) [map, row] = [map + down * columns, down < 0 ? height - 1 : 0];
  if (map >= 0 && map < maps) choose({ name, map, row, column });
}

function buildLayers() {
  for (const { name, shape, trainable, connections } of description.layers) {
    const [height, width, maps] = shape.length === 3 ? shape : [1, 1, shape.at(-1)];
    const canvas = make("canvas", { id: name, tabindex: 0, role: "application" });
    const legend = make("div", { id: `${name}Legend`, class: "legend" }, make("span"), make("i"), make("span"));
    const words = make("div", {}, make("h2"), make("p"), make("p"), legend);
    words.relabel = () => {
      const [heading, size, counts] = words.children;
      heading.textContent = nameOf(name);
      const isRbf = name === "output" && network1998();
      size.textContent = isRbf ? say("distances", maps) : say("size", maps, height, width);
      counts.textContent = say("counts", number(trainable), number(connections));
      canvas.setAttribute("aria-label", say("strip", nameOf(name), size.textContent));
    };
    const nearest = name === "f6" && network1998() ? make("div", { id: "nearest" }) : null;
    $("layers").append(make("div", { class: "layer", id: `${name}Row` }, words, make("div", { class: "strip" }, canvas, nearest)));
    canvas.addEventListener("click", (event) => {
      const scale = canvas.width / canvas.getBoundingClientRect().width;
      const unit = unitAt(name, state.states[name], event.offsetX * scale, event.offsetY * scale);
      if (unit) choose(unit);
      if (unit && $("unit").getBoundingClientRect().top > innerHeight) $("unit").scrollIntoView();
    });
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") choose(strongest(name));
      else if (ARROWS[event.key]) moveUnit(name, ...ARROWS[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}

// ---- Sliders, buttons, keys ------------------------------------------------------------

function buildSliders() {
  for (const [name, { min, max, step, rest }] of Object.entries(SLIDERS)) {
    state.settings[name] = rest;
    const shown = make("output", { for: name }, show(rest));
    const input = make("input", { id: name, type: "range", min, max, step, value: rest });
    input.addEventListener("input", () => set(name, Number(input.value)));
    $("sliders").append(make("label", {}, make("span", { "data-word": name }), input, shown));
  }
  $("sliders").append(make("button", { id: "reset", "data-word": "repair", "aria-keyshortcuts": "R", onclick: reset }));
}

function set(name, value) {
  state.settings[name] = value;
  $(name).value = value;
  $(name).nextSibling.textContent = show(value);
  if (name === "weightNoise") state.network = withNoisyWeights(trained, value);
  update();
}

function reset() {
  for (const [name, { rest }] of Object.entries(SLIDERS)) set(name, rest);
  state.off.clear();
}

function buildAnswers() {
  description.classes.forEach((label, k) => {
    const button = make("button", { onclick: () => choose({ name: "output", map: k, row: 0, column: 0 }) }, make("span", {}, label), make("em", {}, make("i")), make("b"));
    $("probabilities").append(make("li", { id: `class${k}` }, button));
  });
}

function buildSamples() {
  for (const digit of SAMPLES.keys()) {
    const button = make("button", { "aria-keyshortcuts": digit, onclick: () => drawSample(digit) }, digit);
    button.relabel = () => button.setAttribute("aria-label", say("sample", digit));
    $("samples").append(button);
  }
}

/** Put the words of the language where they belong. */
function speak() {
  document.documentElement.lang = language;
  document.title = say("title");
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = say(element.dataset.word);
  for (const element of document.querySelectorAll("[data-label]")) element.setAttribute("aria-label", say(element.dataset.label));
  for (const element of document.querySelectorAll("*")) element.relabel?.();
  $("about").textContent = say("about", description.name, number(description.trainable), number(description.connections));
  $("language").textContent = language === "en" ? "中文" : "English";
  $("language").lang = language === "en" ? "zh" : "en";
  $("keyList").replaceChildren(...say("keyList").flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)]));
  update();
}

function number(n) {
  return n.toLocaleString("en");
}

function switchLanguage() {
  language = language === "en" ? "zh" : "en";
  speak();
}

function switchTheme() {
  const { dataset } = document.documentElement;
  dataset.theme = dataset.theme === "dark" ? "light" : "dark";
  readPalette();
  update();
}

function switchSize() {
  const isLarge = document.documentElement.classList.toggle("large");
  $("large").setAttribute("aria-pressed", isLarge);
}

function switchFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

const KEYS = {
  c: clear,
  u: undo,
  s: savePicture,
  x: switchMap,
  r: reset,
  f: switchFullScreen,
  d: switchTheme,
  t: switchSize,
  l: switchLanguage,
  "?": () => $("help").showModal(),
  escape: () => choose(null),
  arrowright: () => stepLayer(1),
  arrowleft: () => stepLayer(-1),
  pagedown: () => stepLayer(1),
  pageup: () => stepLayer(-1),
};

function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const isSlider = event.target.type === "range";
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    if (isSlider && /^(Arrow|Page)/.test(event.key)) return;
    const act = /^\d$/.test(event.key) ? () => drawSample(Number(event.key)) : KEYS[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function listenToButtons() {
  const acts = { clear, undo, save: savePicture, language: switchLanguage, theme: switchTheme, large: switchSize, fullscreen: switchFullScreen, keys: KEYS["?"] };
  for (const [id, act] of Object.entries(acts)) $(id).addEventListener("click", act);
}

document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
readPalette();
buildSliders();
buildSamples();
buildAnswers();
buildLayers();
listenToPad();
listenToKeys();
listenToButtons();
speak();
drawSample(3);
