// "It learns": the panel where the reader teaches the network, and watches it change.
"use strict";

const lessons = {
  network: trained, // with all that it has learned
  isScratch: false,
  digits: [], // the reader's own examples
  measures: [],
  past: [], // the states before each lesson
  running: null,
  said: ["learnIdle"],
};

/** Teach what is drawn: it is of class `label`. */
function teach(label) {
  if (!state.hasDigit) return sayLesson("none");
  noteFooled(label);
  remember();
  const drawn = { input: state.states.input.values.slice(), label, taken: ranking(state.states)[0] };
  lessons.digits = [...lessons.digits, drawn];
  start("learning", description.classes[label]);
}

function learnFromScratch() {
  remember();
  const network = startAgain(trained, description.initializer, 1 + lessons.past.length);
  Object.assign(lessons, { isScratch: true, digits: [], measures: [], network });
  start("scratching");
}

/** Keep the state before a lesson. */
function remember() {
  stopLesson();
  const { network, isScratch, digits, measures } = lessons;
  lessons.past.push({ network, isScratch, digits, measures });
}

function undoLesson() {
  stopLesson();
  Object.assign(lessons, lessons.past.pop());
  useLearned("undone");
}

function forgetAll() {
  stopLesson();
  Object.assign(lessons, { network: trained, isScratch: false, digits: [], measures: [], past: [] });
  useLearned("forgotten");
}

function useLearned(...words) {
  setNetwork();
  sayLesson(...words);
  update();
}

/** The network of the page: what is learned, with the noise that is set. */
function setNetwork() {
  state.network = withNoisyWeights(lessons.network, state.settings.weightNoise);
}

const WORKER = ["lenet", "digit", "backprop", "strokes", "learn"]; // the scripts that it needs

/** Run a lesson in a worker made of the page's own scripts: drawing never waits for it. */
function start(...words) {
  setNetwork();
  showTab("learn");
  const first = lessons.measures.at(-1)?.at ?? 0;
  const source = [...WORKER.map((name) => $(`${name}.js`).textContent), "onmessage = ({ data }) => giveLesson(data);"];
  const address = URL.createObjectURL(new Blob(source, { type: "text/javascript" }));
  const worker = new Worker(address);
  lessons.running = worker;
  worker.onerror = () => breakOff("noWorker");
  worker.onmessage = ({ data: { network, measure } }) => {
    if (lessons.running !== worker) return;
    if (measure.loss !== null && !Number.isFinite(measure.loss)) return breakOff("broken");
    lessons.network = network;
    lessons.measures = [...lessons.measures, { ...measure, at: first + measure.steps }];
    if (measure.isDone) return finish(measure.isLearned ? "learned" : "notLearned");
    setNetwork();
    sayLesson(...words);
    rerun();
  };
  const { network, digits } = lessons;
  worker.postMessage({ network, digits, rubbish: description.rubbish, seed: 1 + lessons.past.length });
  URL.revokeObjectURL(address);
  sayLesson(...words);
}

function finish(...words) {
  lessons.running.terminate();
  lessons.running = null;
  useLearned(...words);
  announce($("learnStatus").textContent, 100);
}

/** A lesson that cannot go on is taken back. */
function breakOff(...words) {
  undoLesson();
  sayLesson(...words);
}

function stopLesson() {
  if (!lessons.running) return;
  lessons.running.terminate();
  lessons.running = null;
  useLearned("stopped");
}

// ---- What it shows ---------------------------------------------------------------------

function sayLesson(...words) {
  lessons.said = words;
  showLesson();
}

function showLesson() {
  const { said, measures, running, past, network } = lessons;
  const last = measures.at(-1);
  const [key, ...values] = said;
  const errors = last ? [say("strokesError", showPercent(last.strokes)), last.digits === null ? "" : say("digitsError", showPercent(last.digits))] : [];
  $("learnStatus").textContent = [say(key, ...values), last ? say("steps", last.at) : "", ...errors].filter(Boolean).join(" ");
  $("stop").disabled = !running;
  $("undoLesson").disabled = !past.length;
  $("forget").disabled = !past.length && network === trained;
  if ($("learn").hidden) return;
  drawCurves($("curves"), measures);
  drawKernels();
}

/** Both errors over the steps: of its own strokes in full, of the reader's dashed. */
function drawCurves(canvas, measures) {
  const context = canvas.getContext("2d");
  const [width, height] = [canvas.width, canvas.height];
  const [left, bottom, top] = [64, 34, 12];
  context.clearRect(0, 0, width, height);
  const most = Math.max(20, measures.at(-1)?.at ?? 0);
  const x = (steps) => left + ((width - left - 10) * steps) / most;
  const y = (error) => top + (height - bottom - top) * (1 - Math.sqrt(error));
  context.font = "20px sans-serif";
  context.lineWidth = 1;
  for (const error of [0, 0.01, 0.1, 0.5, 1]) {
    context.strokeStyle = rgb(mix(palette.paper, palette.ink, 0.25));
    context.beginPath();
    context.moveTo(left, y(error));
    context.lineTo(width - 10, y(error));
    context.stroke();
    context.fillStyle = rgb(palette.ink);
    context.textAlign = "right";
    context.fillText(`${100 * error}%`, left - 8, y(error) + 7);
  }
  context.fillText(say("steps", most), width - 10, height - 6);
  const series = [["strokes", palette.ink, []], ["digits", palette.frame, [10, 6]]];
  for (const [name, colour, dashes] of series) {
    context.strokeStyle = rgb(colour);
    context.lineWidth = 4;
    context.setLineDash(dashes);
    context.beginPath();
    measures.filter((measure) => measure[name] !== null).forEach((measure) => context.lineTo(x(measure.at), y(measure[name])));
    context.stroke();
  }
  context.setLineDash([]);
}

/** The kernels of C1 and C3 as they are now, and F6 beside the code of the answer. */
function drawKernels() {
  const { states } = state;
  const f6 = makePicture(states.f6.values, 7, { cell: 12, label: nameOf("f6") });
  const answer = answerOf(states);
  const code = isRbf() ? makePicture(codeOf(answer), 7, { cell: 12, label: say("codeOf", description.classes[answer]) }) : null;
  const named = (name, ...pictures) => make("figure", {}, ...pictures, make("figcaption", {}, name));
  $("kernels").replaceChildren(
    ...["c1", "c3"].map((name) => named(say("kernelsOf", nameOf(name)), kernelPicture(name))),
    named(nameOf("f6"), f6),
    ...(code ? [named(say("codeOf", description.classes[answer]), code)] : []),
  );
}

/** All kernels of a layer side by side, on one scale. */
function kernelPicture(name) {
  const { kernels } = state.network[name];
  const canvas = make("canvas", { role: "img", "aria-label": say("kernelsOf", nameOf(name)) });
  const maps = { maps: kernels.length / 25, height: 5, width: 5, values: kernels };
  drawStrip(canvas, `${name}Kernels`, maps, { limit: largestSize(kernels), off: new Set(), marks: [] });
  return canvas;
}

/** Save what it has learned as .npz, which `build_lenet5(weights=...)` loads. */
function saveWeights() {
  const blob = new Blob(toNpz(kerasWeights(lessons.network, description.c5)), { type: "application/zip" });
  const href = URL.createObjectURL(blob);
  make("a", { download: `lenet5_${description.variant}.npz`, href }).click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}

function buildLessons() {
  const labels = description.classes.map((label, k) => make("button", { onclick: () => teach(k) }, label));
  const acts = { stop: stopLesson, undoLesson, forget: forgetAll, scratch: learnFromScratch, saveWeights };
  const buttons = Object.entries(acts).map(([id, onclick]) => make("button", { id, "data-word": id, onclick }));
  $("learn").append(
    make("p", { "data-word": "tellIt" }),
    make("div", { id: "labels", class: "buttons", role: "group", "data-label": "tellIt" }, ...labels),
    make("div", { class: "buttons" }, ...buttons),
    make("p", { id: "learnStatus" }),
    make("canvas", { id: "curves", width: 900, height: 300, role: "img", "data-label": "curves" }),
    make("p", { class: "legendOfCurves" }, make("b", { class: "full" }), make("span", { "data-word": "strokesCurve" }), make("b", { class: "dashed" }), make("span", { "data-word": "digitsCurve" })),
    make("div", { id: "kernels" }),
  );
}
