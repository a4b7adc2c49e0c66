// Play: a kernel slides over its input and its map fills; or a sum grows term by term.

// `at` counts the units of the map that are done, or the terms of the sum.
const play = { unit: null, at: 0, isRunning: false, timer: 0 };

/** Whether a layer's units lie in a map, over which its window slides. */
function slides(name) {
  return state.states[name].height > 1;
}

/** How many places the window of a map has, or how many terms a sum. */
function playLength({ name, map, row, column }) {
  const { height, width } = state.states[name];
  if (slides(name)) return height * width;
  const { groups } = explain(state.network, state.states, { name, map, row, column });
  return groups.length > 1 ? groups.length : groups[0].terms.length;
}

/** The order in which terms are added: the largest first. C5 adds map after map. */
function playOrder({ groups }) {
  if (groups.length > 1) return [...groups.keys()];
  const { terms } = groups[0];
  return [...terms.keys()].sort((a, b) => Math.abs(terms[b]) - Math.abs(terms[a]));
}

function togglePlay() {
  if (play.isRunning) return pausePlay();
  if (!play.unit || play.at >= playLength(play.unit)) startPlay();
  showTab("unit");
  play.isRunning = true;
  $("hint").hidden = true;
  state.hover = null;
  tick();
}

function startPlay() {
  if (!state.unit) choose(strongest("c1"));
  play.unit = { ...state.unit };
  if (slides(play.unit.name)) Object.assign(play.unit, { row: 0, column: 0 });
  play.at = 0;
}

function pausePlay() {
  play.isRunning = false;
  clearTimeout(play.timer);
  repaint();
}

function stopPlay() {
  pausePlay();
  play.unit = null;
}

function stepPlay() {
  pausePlay();
  if (!play.unit || play.at >= playLength(play.unit)) startPlay();
  advance(1);
}

/** Go on by some places at once where single ones would be too fast to be seen. */
function tick() {
  const speed = 10 ** ($("speed").value / 40); // 1 to 316 a second
  const places = Math.max(1, Math.round(speed / 30));
  advance(places);
  if (play.isRunning) play.timer = setTimeout(tick, (1000 * places) / speed);
}

function advance(places) {
  const { unit } = play;
  const length = playLength(unit);
  play.at = Math.min(length, play.at + places);
  if (slides(unit.name)) {
    const { width } = state.states[unit.name];
    const at = play.at - 1;
    state.unit = { ...unit, row: Math.floor(at / width), column: at % width };
  }
  if (play.at === length) play.isRunning = false;
  repaint();
}

/** The part of a layer's map that the sliding window has not reached. */
function unfilledIn(name) {
  const { unit, at } = play;
  return unit?.name === name && slides(name) ? { map: unit.map, from: at } : null;
}

/** How many terms of a unit's sum are added so far; all, where it is not playing. */
function termsSoFar(unit) {
  const isPlayed = play.unit && !slides(unit.name) && unit.name === play.unit.name && unit.map === play.unit.map;
  return isPlayed ? play.at : Infinity;
}

function showPlayer() {
  $("player").hidden = !shownUnit();
  $("play").textContent = say(play.isRunning ? "pause" : "play");
  const unit = shownUnit();
  const isOff = unit && state.off.has(`${unit.name}:${unit.map}`);
  $("switch").hidden = unit?.name === "output";
  $("switch").textContent = say(isOff ? "switchOn" : "switchOff");
  $("switch").setAttribute("aria-pressed", Boolean(isOff));
}
