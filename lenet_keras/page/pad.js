// The pad: drawing on it with mouse, pen, finger or keys, and its samples.

function drawPad(ink) {
  const colours = Array.from({ length: 256 }, (_, level) => mix(palette.paper, palette.text, level / 255));
  const context = $("pad").getContext("2d");
  context.putImageData(paint(ink, PAD, (level) => colours[level]), 0, 0);
  const { x, y, down, isKeys } = state.pen;
  if (!isKeys || document.activeElement !== $("pad")) return;
  context.strokeStyle = rgb(palette.frame);
  context.lineWidth = down ? 4 : 2;
  context.beginPath();
  context.arc(x, y, state.settings.stroke / 2 + 3, 0, 7);
  context.stroke();
}

/** A point in whole pixels, so that an address holds the very drawing. */
function wholePixels(point) {
  return point.map((x) => Math.min(PAD + 99, Math.max(-99, Math.round(x))));
}

function startStroke(point) {
  if (state.isSample && !keepsSample()) clear();
  stopSample();
  state.strokes.push([wholePixels(point)]);
  update();
}

function extendStroke(point) {
  state.strokes.at(-1)?.push(wholePixels(point));
  update();
}

function clear() {
  stopSample();
  Object.assign(state, { strokes: [], isSample: false, sample: null });
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
  sampleTimer = 0;
}

/** Draw a sample digit stroke by stroke; at once for who asked for reduced motion. */
function drawSample(digit) {
  clear();
  Object.assign(state, { isSample: true, sample: digit });
  const points = SAMPLES[digit].flatMap((stroke) => stroke.map((point, i) => ({ point, isFirst: i === 0 })));
  const advance = (number) => {
    for (const { point, isFirst } of points.splice(0, number)) {
      if (isFirst) state.strokes.push([]);
      state.strokes.at(-1).push(wholePixels(point));
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
    state.pen.isKeys = false;
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
  pad.addEventListener("focus", () => {
    state.pen.isKeys = pad.matches(":focus-visible");
    update();
  });
  pad.addEventListener("blur", update);
}

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function keyOnPad(event) {
  const { pen } = state;
  if (event.key === " " || ARROWS[event.key]) pen.isKeys = true;
  if (event.key === " ") {
    const isDown = !pen.down;
    if (isDown) startStroke([pen.x, pen.y]); // which clears a sample, and lifts the pen
    pen.down = isDown;
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
  canvas.getContext("2d").putImageData(paint(state.ink, PAD, (level) => Array(3).fill(255 - level)), 0, 0);
  make("a", { download: "digit.png", href: canvas.toDataURL("image/png") }).click();
}
