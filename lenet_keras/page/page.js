// The page itself: from a drawing to the picture of all layers; panel, address, keys.
"use strict";

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
    draw();
  });
}

function frameDrawing() {
  const { settings, strokes } = state;
  state.ink = drawInk(strokes, settings.stroke / 2, PAD);
  const framed = hasPaper(state.ink) ? frameDigit(strokes, settings.stroke) : null;
  state.hasDigit = framed !== null;
  state.input = addNoise(distort(toInput(framed), settings), settings.noise);
}

function draw() {
  const marks = marksOf(shownUnit());
  drawPad(state.ink);
  drawSeen(marks);
  for (const name of LAYERS) drawLayer(name, marks[name] ?? []);
  showAnswer();
  showPlayer();
  if (state.tab === "unit" || state.hover) {
    const unit = shownUnit();
    showUnit($("unit"), { ...state, unit, description, openGroup, soFar: unit ? termsSoFar(unit) : Infinity });
  }
  if (state.tab === "learn" && !lessons.running) drawKernels();
  for (const name of TABS) $(TAB_PLACES[name]).hidden = name !== shownTab();
  if (lessons.running) showLesson();
}

// ---- The panel: where to start, a unit at work, learning ------------------------------

const TABS = ["start", "unit", "learn"];
const TAB_PLACES = { start: "start", unit: "unitTab", learn: "learn" };

/** The tab that is seen: a unit under the mouse comes before the first page. */
function shownTab() {
  return state.hover && state.tab === "start" ? "unit" : state.tab;
}

function showTab(tab) {
  state.tab = tab;
  $("panel").classList.add("open");
  $("learn").hidden = tab !== "learn";
  for (const name of TABS) $(`tab-${name}`).setAttribute("aria-pressed", name === tab);
  if (tab === "learn") showLesson();
  repaint();
}

function buildTabs() {
  for (const name of TABS) {
    $("tabs").append(make("button", { id: `tab-${name}`, "data-word": `tab_${name}`, "aria-pressed": name === state.tab, onclick: () => showTab(name) }));
  }
  const fold = make("button", { id: "fold", onclick: () => $("panel").classList.remove("open") }, "×");
  fold.relabel = () => fold.setAttribute("aria-label", say("fold"));
  $("tabs").append(fold);
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
  } catch {
    const field = make("textarea", { class: "unseen", "aria-hidden": "true" });
    field.value = link;
    document.body.append(field);
    field.select();
    document.execCommand("copy"); // the way without a permission
    field.remove();
  }
  $("link").textContent = say("copied");
  announce(say("copied"), 0);
  setTimeout(() => ($("link").textContent = say("link")), 1500);
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
  $("about").textContent = say("about", titleOf(description), number(description.trainable), number(description.connections));
  $("language").textContent = language === "en" ? "中文" : "English";
  $("language").lang = language === "en" ? "zh" : "en";
  showChallenges();
  showCard();
  showLesson();
  $("keyList").replaceChildren(...say("keyList").flatMap(([key, what]) => [make("dt", {}, key), make("dd", {}, what)]));
  update();
}

function number(n) {
  return n.toLocaleString("en");
}

/** What the heading calls the network: a model with a name of its own by that name. */
function titleOf({ name, variant }) {
  return name === `lenet5_${variant}` ? (say("variants")[variant] ?? variant) : name;
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
  w: () => openCard(0),
  p: togglePlay,
  i: () => showTab("learn"),
  k: copyLink,
  "?": () => $("help").showModal(),
  escape: () => (card === null ? choose(null) : closeCard()),
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
  const acts = { clear, undo, save: savePicture, link: copyLink, walk: KEYS.w, wrong: KEYS.i, language: switchLanguage, theme: switchTheme, large: switchSize, fullscreen: switchFullScreen, keys: KEYS["?"] };
  for (const [id, act] of Object.entries(acts)) $(id).addEventListener("click", act);
}

document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
readPalette();
buildTabs();
buildStart();
buildPlayer();
buildLessons();
buildSliders();
buildSamples();
buildAnswers();
buildLayers();
listenToPad();
listenToKeys();
listenToButtons();
if (!readAddress()) drawSample(3);
addEventListener("hashchange", readAddress);
