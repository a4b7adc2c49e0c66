// The page itself: from a drawing to the picture of all layers; panel, address, keys.

// ---- From the drawing to the picture of all layers ------------------------------------

// What is due in the next frame: to draw, to run the network, to frame the drawing.
const due = { frame: 0, isRun: false, isFramed: false };

/** Frame, run and draw before the next frame, however often it is asked for. */
function update() {
  due.isFramed = true;
  rerun();
}

/** Run and draw: the weights have changed, and the drawing has not. */
function rerun() {
  due.isRun = true;
  repaint();
}

/** Draw: nothing has changed but what is shown. */
function repaint() {
  due.frame ||= requestAnimationFrame(() => {
    const { isFramed, isRun } = due;
    Object.assign(due, { frame: 0, isRun: false, isFramed: false });
    if (isFramed) frameDrawing();
    if (isRun) state.states = forward(state.network, state.input, state.off);
    if (isFramed) {
      checkChallenges();
      noteAddress();
    }
    draw(isRun);
  });
}

function frameDrawing() {
  const { settings, strokes } = state;
  state.ink = drawInk(strokes, settings.stroke / 2, PAD);
  const framed = hasPaper(state.ink) ? frameDigit(strokes, settings.stroke) : null;
  state.hasDigit = framed !== null;
  state.input = addNoise(distort(toInput(framed), settings), settings.noise);
}

function draw(isRun) {
  for (const name of TABS) $(name).hidden = name !== shownTab();
  const marks = marksOf(shownUnit());
  drawPad(state.ink);
  drawSeen(marks);
  for (const name of LAYERS) drawLayer(name, marks[name] ?? []);
  showAnswer(isRun);
  showPlayer();
  if (shownTab() === "unit") showUnit(shownUnit());
  if (state.tab === "learn") showLesson();
}

// ---- The panel: where to start, a unit at work, learning ------------------------------

const TABS = ["start", "unit", "learn"];

/** The tab that is seen: a unit under the mouse comes before the first page. */
function shownTab() {
  return state.hover && state.tab === "start" ? "unit" : state.tab;
}

function showTab(tab) {
  state.tab = tab;
  $("panel").classList.add("open");
  for (const name of TABS) $(`tab_${name}`).setAttribute("aria-pressed", name === tab);
  repaint();
}

function foldPanel() {
  $("panel").classList.remove("open");
}

// ---- The address -----------------------------------------------------------------------

let addressTimer = 0;

/** Write the state into the address, once things have been still for a moment. */
function noteAddress() {
  clearTimeout(addressTimer);
  addressTimer = setTimeout(() => {
    try {
      history.replaceState(null, "", `#${toAddress({ ...state, language })}`);
    } catch {
      // A notebook's frame has no address of its own.
    }
  }, 400);
}

/** Take the state from the address; false where it holds no drawing. */
function readAddress() {
  const found = fromAddress(location.hash.slice(1), state.states ?? forward(trained, toInput(null)));
  if (LANGUAGES.includes(found.language)) language = found.language;
  stopSample();
  Object.assign(state, { strokes: found.strokes, off: found.off, unit: found.unit, isSample: false, sample: null });
  for (const [name, value] of Object.entries(found.settings)) set(name, value);
  speak();
  if (found.unit) showTab("unit");
  return found.strokes.length > 0;
}

/** Copy the address; it opens the same drawing, sliders, switches and unit. */
async function copyLink() {
  const link = `${location.href.split("#")[0]}#${toAddress({ ...state, language })}`;
  try {
    await navigator.clipboard.writeText(link);
    $("link").textContent = say("copied");
  } catch {
    $("link").textContent = say("notCopied");
  }
  announce($("link").textContent, 0);
  setTimeout(() => ($("link").textContent = say("link")), 1500);
}

// ---- Sliders, buttons, keys ------------------------------------------------------------

function buildSliders() {
  for (const [name, { min, max, step, rest }] of Object.entries(SLIDERS)) {
    state.settings[name] = rest;
    const shown = make("output", { for: name }, show(rest));
    const input = make("input", { id: name, type: "range", min, max, step, value: rest });
    input.addEventListener("input", () => set(name, Number(input.value)));
    $("reset").before(make("label", {}, make("span", { "data-word": name }), input, shown));
  }
}

function set(name, value) {
  state.settings[name] = value;
  $(name).value = value;
  $(name).nextSibling.textContent = show(value);
  if (name === "weightNoise") setNetwork();
  update();
}

function reset() {
  challenges.isFour = false;
  state.off.clear();
  for (const [name, { rest }] of Object.entries(SLIDERS)) set(name, rest);
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
  const { name, variant, trainable, connections } = description;
  // A model with a name of its own is called by that.
  $("about").textContent = say("about", name === `lenet5_${variant}` ? say(`variant_${variant}`) : name, trainable, connections);
  $("language").lang = language === "en" ? "zh" : "en";
  showChallenges();
  showCard();
  $("keyList").replaceChildren(...KEY_WORDS.map(pick).flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)]));
  update();
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

// What each button does.
const BUTTONS = {
  walk: () => openCard(0), language: switchLanguage, theme: switchTheme, large: switchSize, fullscreen: switchFullScreen, keys: () => $("help").showModal(),
  clear, undo, save: savePicture, link: copyLink, reset, wrong: () => showTab("learn"), walkHere: () => openCard(0),
  tab_start: () => showTab("start"), tab_unit: () => showTab("unit"), tab_learn: () => showTab("learn"), fold: foldPanel,
  play: togglePlay, step: stepPlay, switch: switchMap,
  stop: stopLesson, undoLesson, forget: forgetAll, scratch: learnFromScratch, saveWeights,
  cardBack: () => openCard(Math.max(0, card - 1)), cardNext: () => openCard(card + 1), cardSkip: closeCard,
};

const KEYS = {
  Escape: () => (card === null ? choose(null) : closeCard()),
  ArrowRight: () => stepLayer(1),
  ArrowLeft: () => stepLayer(-1),
  PageDown: () => stepLayer(1),
  PageUp: () => stepLayer(-1),
};

/** Some keys act on the layers; the others press the button that names them. */
function listenToKeys() {
  document.addEventListener("keydown", (event) => {
    const isSlider = event.target.type === "range";
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    if (isSlider && /^(Arrow|Page)/.test(event.key)) return;
    const button = document.querySelector(`[aria-keyshortcuts="${CSS.escape(event.key.toUpperCase())}"]`);
    const act = KEYS[event.key] ?? (button && (() => button.click()));
    if (!act) return;
    event.preventDefault();
    act();
  });
}

document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
readPalette();
buildLessons();
$("link").hidden = location.protocol === "about:"; // in a notebook's frame there is no address
buildSliders();
buildSamples();
buildAnswers();
buildLayers();
listenToPad();
listenToKeys();
for (const [id, act] of Object.entries(BUTTONS)) $(id).addEventListener("click", () => act());
if (!readAddress()) drawSample(3);
addEventListener("hashchange", readAddress);
