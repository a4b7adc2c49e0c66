// "It learns": the panel where the reader teaches the network, and watches it change.

// What a lesson changes: the network, with all that it has learned, and the reader's digits.
const UNTAUGHT = { network: trained, isScratch: false, digits: [], measures: [] };

// In `past` are the states before each lesson; `running` is the worker of one.
const lessons = { ...UNTAUGHT, past: [], running: null, said: [readsDigits ? "learnIdle" : "digitsOnly"] };

/** What speaks against a lesson: it changes the whole network, and its strokes are digits. */
function obstacleToLessons() {
  if (!readsDigits) return "digitsOnly";
  return state.off.size || state.settings.weightNoise !== SLIDERS.weightNoise.rest ? "repairFirst" : null;
}

/** Teach what is drawn: it is of class `label`. */
function teach(label) {
  const obstacle = state.hasDigit ? obstacleToLessons() : "none";
  if (obstacle) return sayLesson(obstacle);
  noteFooled(label);
  remember();
  const drawn = { input: state.states.input.values.slice(), label, taken: ranking(state.states)[0] };
  lessons.digits = [...lessons.digits, drawn];
  start("learning", description.classes[label]);
}

function learnFromScratch() {
  const obstacle = obstacleToLessons();
  if (obstacle) return sayLesson(obstacle);
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

function undoLesson(said = "undone") {
  Object.assign(lessons, lessons.past.pop());
  finish(said);
}

function forgetAll() {
  Object.assign(lessons, UNTAUGHT, { past: [] });
  finish("forgotten");
}

function stopLesson() {
  if (lessons.running) finish("stopped");
}

/** End the lesson that may be running, and show what is learned now. */
function finish(...words) {
  lessons.running?.terminate();
  lessons.running = null;
  setNetwork();
  sayLesson(...words);
  showChallenges();
  update();
}

/** The network of the page: what is learned, with the noise that is set. */
function setNetwork() {
  state.network = withNoisyWeights(lessons.network, state.settings.weightNoise);
}

// The scripts that a worker needs, and what it does: teach, and send each measure with the weights.
const WORKER = ["lenet", "digit", "backprop", "strokes", "answer", "learn"];
const FOR_WORKER = "onmessage = ({ data: { network, ...asked } }) => lesson(network, asked, (measure) => postMessage({ network, measure }));";

/** Run a lesson in a worker made of the page's own scripts: drawing never waits for it. */
function start(...words) {
  setNetwork();
  showTab("learn");
  const first = lessons.measures.at(-1)?.at ?? 0;
  const source = [...WORKER.map((name) => $(`${name}.js`).textContent), FOR_WORKER];
  const address = URL.createObjectURL(new Blob(source, { type: "text/javascript" }));
  const worker = new Worker(address);
  lessons.running = worker;
  worker.onerror = () => undoLesson("noWorker");
  worker.onmessage = ({ data: { network, measure } }) => {
    if (lessons.running !== worker) return;
    if (measure.loss !== null && !Number.isFinite(measure.loss)) return undoLesson("broken");
    lessons.network = network;
    lessons.measures = [...lessons.measures, { ...measure, at: first + measure.steps }];
    if (measure.isDone) return finish(howItEnded(measure));
    setNetwork();
    sayLesson(...words);
    rerun();
  };
  const { network, digits } = lessons;
  worker.postMessage({ network, digits, rubbish: description.rubbish, rule: rule(), seed: 1 + lessons.past.length });
  URL.revokeObjectURL(address);
  sayLesson(...words);
}

/** What to say at the end; a digit may be read right, and still be doubtful. */
function howItEnded({ isLearned, isInDoubt }) {
  if (!isLearned) return lessons.digits.length ? "notLearned" : "notYet";
  return !isInDoubt ? "learned" : isRbf() ? "learnedUnlike" : "learnedUnsure";
}

// ---- What it shows ---------------------------------------------------------------------

function sayLesson(...words) {
  lessons.said = words;
  repaint();
}

function showLesson() {
  const { said, measures, running, past, network } = lessons;
  const last = measures.at(-1);
  const [key, ...values] = said;
  const errors = last ? [say("strokesError", showPercent(last.strokes)), last.digits === null ? "" : say("digitsError", showPercent(last.digits))] : [];
  $("learnStatus").setAttribute("aria-live", running ? "off" : "polite");
  $("learnStatus").textContent = [say(key, ...values), last ? say("steps", last.at) : "", ...errors].filter(Boolean).join(" ");
  $("stop").disabled = !running;
  $("undoLesson").disabled = !past.length;
  $("forget").disabled = !past.length && network === trained;
  drawCurves(measures);
  drawKernels();
}

/** Both errors over the steps: of its own strokes in full, of the reader's dashed. */
function drawCurves(measures) {
  const most = Math.max(20, measures.at(-1)?.at ?? 0);
  const y = (error) => 266 - 254 * Math.sqrt(error);
  const lines = [0, 0.01, 0.1, 0.5, 1].map((error) =>
    `<path d="M64 ${y(error)}H890"/><text x="56" y="${y(error) + 7}">${100 * error}%</text>`);
  const curves = ["strokes", "digits"].map((name) => {
    const known = measures.filter((measure) => measure[name] !== null);
    return `<polyline class="${name}" points="${known.map((measure) => [64 + (826 * measure.at) / most, y(measure[name])]).join(" ")}"/>`;
  });
  $("curves").innerHTML = [...lines, `<text x="890" y="294">${say("steps", most)}</text>`, ...curves].join("");
}

/** The kernels of C1 and C3 as they are now, and F6 beside the code of the answer. */
function drawKernels() {
  const { states } = state;
  const f6 = makePicture(states.f6.values, 7, { cell: 12, label: nameOf("f6") });
  const answer = answerOf(states);
  const code = say("codeOf", description.classes[answer]);
  const named = (name, ...pictures) => make("figure", {}, ...pictures, make("figcaption", {}, name));
  $("kernels").replaceChildren(
    ...["c1", "c3"].map((name) => named(say("kernelsOf", nameOf(name)), kernelPicture(name))),
    named(nameOf("f6"), f6),
    ...(isRbf() ? [named(code, makePicture(codeOf(answer), 7, { cell: 12, label: code }))] : []),
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
  $("labels").append(...description.classes.map((label, k) => make("button", { onclick: () => teach(k) }, label)));
}
