// Pictures of numbers: maps, kernels and codes on canvases, orange below 0, purple above.

const palette = {};

/** Take the colours from the style, where both themes keep them. */
function readPalette() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["minus", "plus", "paper", "text", "frame"]) {
    const hex = style.getPropertyValue(`--${name}`).trim();
    palette[name] = [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
  }
}

/** The colour of a value on the scale from -limit to limit, 0 in the middle. */
function signedColour(value, limit) {
  const share = Math.min(1, Math.abs(value) / (limit || 1));
  return mix(palette.paper, value < 0 ? palette.minus : palette.plus, share);
}

/** The grey of an input value: paper -0.1, ink 1.175. */
function inkColour(value) {
  return mix(palette.paper, palette.text, Math.min(1, Math.max(0, (value + 0.1) / 1.275)));
}

function mix([red, green, blue], [r, g, b], share) {
  return [red + share * (r - red), green + share * (g - green), blue + share * (b - blue)];
}

/** Black or white, whichever reads better on a colour: by its relative luminance. */
function textOn(colour) {
  const [red, green, blue] = colour.map((level) => (level / 255) ** 2.2);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.18 ? "#000" : "#fff";
}

/** The largest size of the values: the limit of a layer's symmetric scale. */
function largestSize(values) {
  return values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0) || 1;
}

const scratch = document.createElement("canvas");

/** Draw one map, row by row, its first pixel at (x, y), each value `cell` pixels wide. */
function drawMap(context, values, width, x, y, cell, colour) {
  const height = values.length / width;
  [scratch.width, scratch.height] = [width, height];
  scratch.getContext("2d").putImageData(paint(values, width, colour), 0, 0);
  context.imageSmoothingEnabled = false;
  context.drawImage(scratch, x, y, width * cell, height * cell);
}

/** The values as an image, a pixel each. */
function paint(values, width, colour) {
  const image = new ImageData(width, values.length / width);
  const pixels = new Uint32Array(image.data.buffer);
  values.forEach((value, i) => {
    const [red, green, blue] = colour(value, i);
    pixels[i] = 0xff000000 | (blue << 16) | (green << 8) | red;
  });
  return image;
}

/** A canvas of its own for a few values, with a text for those who cannot see it. */
function makePicture(values, width, { cell = 10, limit = largestSize(values), label = "", colour } = {}) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width * cell, (values.length / width) * cell];
  drawMap(canvas.getContext("2d"), Array.from(values), width, 0, 0, cell, colour ?? ((value) => signedColour(value, limit)));
  if (label) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", label);
  } else canvas.setAttribute("aria-hidden", "true");
  return canvas;
}

// How each layer's strip is laid out: maps in a row, pixels a unit, pixels between maps.
function stripLayout(name, state) {
  return {
    c1: { columns: 6, cell: 5, gap: 10 },
    s2: { columns: 6, cell: 10, gap: 10 },
    c3: { columns: 8, cell: 10, gap: 10 },
    s4: { columns: 8, cell: 16, gap: 16 },
    c5: { columns: 30, cell: 28, gap: 2 },
    f6: { columns: 7, cell: 24, gap: 0 },
    output: { columns: state.maps, cell: 80, gap: 8 },
    c1Kernels: { columns: 3, cell: 16, gap: 4 },
    c3Kernels: { columns: Math.ceil(state.maps / 6), cell: 8, gap: 4 },
  }[name];
}

/** Where a map's first pixel lies in its strip. */
function mapOrigin({ columns, cell, gap }, { height, width }, map) {
  return [(map % columns) * (width * cell + gap), Math.floor(map / columns) * (height * cell + gap)];
}

/** Draw all maps of a layer side by side, and what is marked or switched off in them. */
function drawStrip(canvas, name, state, { limit, off, marks, labels, unfilled }) {
  const layout = stripLayout(name, state);
  const { columns, cell, gap } = layout;
  const { maps, height, width, values } = state;
  canvas.width = columns * (width * cell + gap) - gap;
  canvas.height = Math.ceil(maps / columns) * (height * cell + gap) - gap;
  const context = canvas.getContext("2d");
  const unseen = mix(palette.paper, palette.text, 0.12); // what the sliding kernel has not reached
  for (let map = 0; map < maps; map++) {
    const [x, y] = mapOrigin(layout, state, map);
    const own = values.slice(map * height * width, (map + 1) * height * width);
    const from = unfilled?.map === map ? unfilled.from : Infinity;
    drawMap(context, own, width, x, y, cell, (value, i) => (i < from ? signedColour(value, limit) : unseen));
    if (labels) writeInCell(context, labels[map], show(own[0]), x, y, cell, textOn(signedColour(own[0], limit)));
    if (off.has(`${name}:${map}`)) crossOut(context, x, y, width * cell, height * cell);
  }
  outlineMarks(context, layout, state, marks);
}

/** Frame the marks; where all of a layer is meant, one frame says so. */
function outlineMarks(context, layout, state, marks) {
  const { cell } = layout;
  if (state.height === 1 && marks.length === state.maps) {
    const { width, height } = context.canvas;
    return outline(context, 2, 2, width - 4, height - 4, marks[0].isStrong);
  }
  for (const { map, row, column, height, width, isStrong } of marks) {
    const [x, y] = mapOrigin(layout, state, map);
    outline(context, x + column * cell, y + row * cell, width * cell, height * cell, isStrong);
  }
}

function writeInCell(context, label, value, x, y, cell, colour) {
  context.fillStyle = colour;
  context.textAlign = "center";
  context.font = `bold ${cell * 0.42}px sans-serif`;
  context.fillText(label, x + cell / 2, y + cell * 0.46);
  context.font = `${cell * 0.28}px sans-serif`;
  context.fillText(value, x + cell / 2, y + cell * 0.84);
}

function crossOut(context, x, y, width, height) {
  context.strokeStyle = rgb(palette.text);
  context.lineWidth = Math.max(2, width / 30);
  context.strokeRect(x + 1, y + 1, width - 2, height - 2);
  context.stroke(new Path2D(`M${x} ${y}l${width} ${height}m0 ${-height}l${-width} ${height}`));
}

/** A frame that shows on every colour: lines of paper around one of its own. */
function outline(context, x, y, width, height, isStrong = true) {
  const lines = isStrong ? [[7, palette.paper], [4, palette.frame]] : [[4, palette.paper], [2, palette.frame]];
  for (const [line, colour] of lines) {
    context.lineWidth = line;
    context.strokeStyle = rgb(colour);
    context.strokeRect(x - 1, y - 1, width + 2, height + 2);
  }
}

function rgb(colour) {
  return `rgb(${colour.map(Math.round).join(",")})`;
}

/** Which unit of a strip lies at a point of its canvas, in pixels; null between maps. */
function unitAt(name, state, x, y) {
  const { columns, cell, gap } = stripLayout(name, state);
  const { maps, height, width } = state;
  const [pitchX, pitchY] = [width * cell + gap, height * cell + gap];
  const map = Math.floor(y / pitchY) * columns + Math.floor(x / pitchX);
  const row = Math.min(height - 1, Math.floor((y % pitchY) / cell));
  const column = Math.min(width - 1, Math.floor((x % pitchX) / cell));
  return map < maps ? { name, map, row, column } : null;
}
