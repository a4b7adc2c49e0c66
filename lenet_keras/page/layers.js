// The layers' strips: drawing them, lighting up what belongs together, choosing a unit.

function drawSeen({ input: marks = [] }) {
  const context = $("seen").getContext("2d");
  drawMap(context, Array.from(state.states.input.values), 32, 0, 0, 10, inkColour);
  for (const { row, column, height, width } of marks) outline(context, 10 * column, 10 * row, 10 * width, 10 * height);
}

function drawLayer(name, marks) {
  const own = state.states[name];
  const limit = largestSize(own.values);
  drawStrip($(name), name, own, { limit, off: state.off, marks, labels: name === "output" && description.classes, unfilled: unfilledIn(name) });
  const [low, high] = $(`${name}Legend`).querySelectorAll("span");
  [low.textContent, high.textContent] = [show(-limit), show(limit)];
  if (name === "f6" && isRbf()) drawNearest();
}

function isRbf() {
  return trained.output.kind === "rbf";
}

/** What lights up for a unit: itself, all that it reads and all that reads it. */
function marksOf(unit) {
  if (!unit) return {};
  const { network, states } = state;
  const below = dependsOn(network, unit);
  const marks = { ...below, ...reachedFrom(network, states, unit), [unit.name]: [mark(unit.map, unit.row, unit.column, 1, 1)] };
  for (const name of Object.keys(marks)) {
    const isStrong = name === unit.name || name === BELOW[unit.name];
    marks[name] = marks[name].map((mark) => ({ ...mark, isStrong }));
  }
  return marks;
}

/** Beside F6's own picture: the three codes nearest to it, with their distances. */
function drawNearest() {
  const penalties = state.states.output.values;
  const order = [...penalties.keys()].sort((a, b) => penalties[a] - penalties[b]).slice(0, 3);
  $("nearest").replaceChildren(make("figcaption", {}, say("nearest")), ...order.map((k) => {
    const text = `${description.classes[k]}: ${show(penalties[k])}`;
    return make("figure", {}, makePicture(codeOf(k), 7, { cell: 24, label: text }), make("figcaption", {}, text));
  }));
}

/** The code that F6 should show for a class, the 7x12 picture of Figure 3. */
function codeOf(k) {
  return trained.output.codes.subarray(84 * k, 84 * k + 84);
}

// ---- Pointing and choosing -------------------------------------------------------------

/** The unit that is shown: that under the mouse, else the chosen one. */
function shownUnit() {
  return state.hover ?? state.unit;
}

function choose(unit) {
  stopPlay();
  Object.assign(state, { unit, group: 0, hover: null });
  if (unit) {
    showTab("unit");
    announce(describeUnit(unit), 100);
  } else {
    if (state.tab === "unit") showTab("start");
    foldPanel();
  }
  noteAddress();
  repaint();
}

/** Where a unit is and what it gives, in words. */
function describeUnit(unit) {
  const { height, width, values } = state.states[unit.name];
  const value = values[(unit.map * height + unit.row) * width + unit.column];
  return `${placeOf(unit)} ${say("gives", show(value))}`;
}

function placeOf({ name, map, row, column }) {
  return say(state.states[name].height > 1 ? "placeInMap" : "placeOfUnit", nameOf(name), map, row, column);
}

/** Light up what a unit reads and what reads it, as long as the mouse is on it. */
function point(unit, event) {
  if (play.isRunning) return;
  const isSame = JSON.stringify(unit) === JSON.stringify(state.hover);
  if (!isSame) {
    state.hover = unit;
    repaint();
  }
  const hint = $("hint");
  hint.hidden = !unit;
  if (!unit) return;
  hint.textContent = describeUnit(unit);
  hint.style.left = `${Math.min(innerWidth - hint.offsetWidth - 8, event.clientX + 14)}px`;
  hint.style.top = `${Math.min(innerHeight - 40, event.clientY + 18)}px`;
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
  const sign = name === "output" && isRbf() ? -1 : 1;
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
      size.textContent = name === "output" && isRbf() ? say("distances", maps) : say(height > 1 ? "mapsOf" : "unitsOf", maps, height, width);
      counts.textContent = say("counts", trainable, connections);
      canvas.setAttribute("aria-label", say("strip", nameOf(name), size.textContent));
    };
    const nearest = name === "f6" && isRbf() ? make("div", { id: "nearest" }) : null;
    $("layers").append(make("div", { class: "layer", id: `${name}Row` }, words, make("div", { class: "strip" }, canvas, nearest)));
    const under = (event) => {
      const scale = canvas.width / canvas.clientWidth;
      return unitAt(name, state.states[name], event.offsetX * scale, event.offsetY * scale);
    };
    canvas.addEventListener("click", (event) => under(event) && choose(under(event)));
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse") point(under(event), event);
    });
    canvas.addEventListener("pointerleave", (event) => point(null, event));
    canvas.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") choose(strongest(name));
      else if (ARROWS[event.key]) moveUnit(name, ...ARROWS[event.key]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }
}
