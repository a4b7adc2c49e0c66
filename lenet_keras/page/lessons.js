// "It learns": the panel where the reader teaches the network, and watches it change.
"use strict";

const RATES = { told: 0.0006, scratch: 0.003 }; // of Adam, chosen on the stored strokes
const SLICE = 8; // milliseconds of learning before the page may draw
const STORED = { learned: [600, 5], heldOut: [200, 77] }; // how many strokes, from what seed

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
  lessons.digits = [...lessons.digits, { input: state.states.input.values.slice(), label }];
  const began = [];
  let good = 0;
  const isDone = ({ steps, strokes, digits }) => {
    began.push(strokes);
    // Until it reads copies of her digits, and its own strokes as well as before.
    good = digits === 0 && strokes <= began[0] + 0.005 ? good + 1 : 0;
    return good === 2 || steps >= 150;
  };
  start({ rate: RATES.told, every: 5, isDone }, "learning", description.classes[label]);
}

function learnFromScratch() {
  remember();
  Object.assign(lessons, { isScratch: true, digits: [], measures: [] });
  lessons.network = startAgain(trained, description.initializer, 1 + lessons.past.length);
  start({ rate: RATES.scratch, every: 20, isDone: ({ steps, strokes }) => strokes <= 0.01 || steps >= 1000 }, "scratching");
}

/** Keep the state before a lesson, and let the lesson change copies. */
function remember() {
  stopLesson();
  const { network, isScratch, digits, measures } = lessons;
  lessons.past.push({ network, isScratch, digits, measures });
  lessons.network = mapWeights(network, (weights) => weights.slice());
  lessons.measures = [...measures];
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

/** Run a lesson in slices of time, so that drawing never waits for it. */
function start(plan, ...words) {
  setNetwork();
  showTab("learn");
  const first = lessons.measures.at(-1)?.at ?? 0;
  const work = prepared(plan);
  const channel = new MessageChannel();
  const run = { isStopped: false };
  lessons.running = run;
  let shown = 0;
  channel.port1.onmessage = () => {
    if (run.isStopped) return;
    const until = performance.now() + SLICE;
    while (performance.now() < until) {
      const { value, done } = work.next();
      if (done) return finish();
      if (!value) continue;
      if (value.loss !== null && !Number.isFinite(value.loss)) return breakOff();
      lessons.measures.push({ ...value, at: first + value.steps });
      sayLesson(...words);
    }
    if (performance.now() > shown + 200) {
      setNetwork();
      rerun();
      shown = performance.now();
    }
    channel.port2.postMessage(null);
  };
  sayLesson(...words);
  channel.port2.postMessage(null);
}

/** The lesson, once its strokes are drawn: the first one draws them. */
function* prepared(plan) {
  for (const [name, [number, seed]] of Object.entries(STORED)) {
    lessons[name] ??= yield* storedStrokes(number, seed);
  }
  const { digits, learned, heldOut } = lessons;
  yield* lesson(lessons.network, { ...plan, digits, stored: learned, heldOut, rubbish: description.rubbish, seed: 1 + lessons.past.length });
}

function finish() {
  lessons.running = null;
  useLearned("learned");
  announce($("learnStatus").textContent, 100);
}

/** Steps that led to no number at all are taken back. */
function breakOff() {
  undoLesson();
  sayLesson("broken");
}

function stopLesson() {
  if (!lessons.running) return;
  lessons.running.isStopped = true;
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
  const { network, states } = state;
  const rows = [["c1", 16], ["c3", 8]].map(([name, cell]) => kernelPicture(network[name], cell, say("kernelsOf", nameOf(name))));
  const f6 = makePicture(states.f6.values, 7, { cell: 12, label: nameOf("f6") });
  const answer = answerOf(states);
  const code = isRbf() ? makePicture(codeOf(answer), 7, { cell: 12, label: say("codeOf", description.classes[answer]) }) : null;
  const named = (name, ...pictures) => make("figure", {}, ...pictures, make("figcaption", {}, name));
  $("kernels").replaceChildren(
    named(say("kernelsOf", "C1"), rows[0]),
    named(say("kernelsOf", "C3"), rows[1]),
    named(nameOf("f6"), f6),
    ...(code ? [named(say("codeOf", description.classes[answer]), code)] : []),
  );
}

/** All kernels of a layer side by side, on one scale. */
function kernelPicture({ kernels }, cell, label) {
  const limit = largestSize(kernels);
  const number = kernels.length / 25;
  const columns = number === 6 ? 3 : Math.ceil(number / 6);
  const canvas = make("canvas", { role: "img", "aria-label": label });
  [canvas.width, canvas.height] = [columns * (5 * cell + 4), Math.ceil(number / columns) * (5 * cell + 4)];
  const context = canvas.getContext("2d");
  for (let k = 0; k < number; k++) {
    const [x, y] = [(k % columns) * (5 * cell + 4), Math.floor(k / columns) * (5 * cell + 4)];
    drawMap(context, Array.from(kernels.subarray(25 * k, 25 * k + 25)), 5, x, y, cell, (value) => signedColour(value, limit));
  }
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
