// From strokes to what the network sees: the drawing, framed as `read_digit` frames a
// picture and MNIST its digits (Section III-A): 20x20, centred by mass, in 32x32.
"use strict";

const PAD = 280; // pixels of the drawing, across and down

// Ten digits as strokes, each a line of points on a pad of 100 x 100.
const SAMPLES = [
  ["52,14 34,24 27,50 34,77 50,86 68,77 75,50 67,24 52,14"],
  ["44,26 56,13", "56,13 52,50 47,87"],
  ["30,32 38,18 54,14 67,24 65,42 50,62 29,83", "29,83 46,81 73,84"],
  ["30,21 46,14 64,20 66,36 46,47", "46,47 66,53 69,72 52,86 28,79"],
  ["38,14 34,34 28,55", "28,55 50,55 76,52", "64,20 61,50 58,88"],
  ["69,16 37,16", "37,16 33,45", "33,45 52,41 67,54 65,74 48,86 28,79"],
  ["62,13 43,30 31,56 35,78 50,86 66,76 65,59 52,52 34,64"],
  ["28,18 73,16", "73,16 58,46 46,87"],
  ["50,48 34,36 36,21 52,14 66,22 63,36 50,48 34,62 34,78 50,87 67,78 65,62 50,48"],
  ["66,28 52,15 36,24 34,42 50,50 64,42 67,27", "67,27 64,56 57,87"],
].map((strokes) => strokes.map(readStroke));

function readStroke(text) {
  const points = text.split(" ").map((point) => point.split(",").map((x) => (x * PAD) / 100));
  return smooth(points);
}

/** A smooth line through all points (Catmull-Rom). */
function smooth(points) {
  if (points.length < 3) return points;
  const line = [];
  for (let i = 0; i + 1 < points.length; i++) {
    const [a, b, c, d] = [points[i - 1] ?? points[i], points[i], points[i + 1], points[i + 2] ?? points[i + 1]];
    for (let t = 0; t < 1; t += 1 / 8) {
      line.push([0, 1].map((k) => b[k] + (t / 2) * (c[k] - a[k] + t * (2 * a[k] - 5 * b[k] + 4 * c[k] - d[k] + t * (3 * b[k] - a[k] - 3 * c[k] + d[k])))));
    }
  }
  return [...line, points.at(-1)];
}

/** Ink on a square, bytes, 0 for paper: round strokes of a width, their edges softened. */
function drawInk(strokes, width, side = PAD) {
  const ink = new Uint8ClampedArray(side * side);
  for (const stroke of strokes) {
    stroke.forEach((point, i) => drawSegment(ink, side, stroke[Math.max(0, i - 1)], point, width / 2));
  }
  return ink;
}

function drawSegment(ink, side, [x1, y1], [x2, y2], radius) {
  const reach = radius + 1;
  const inside = (x) => Math.min(side, Math.max(0, Math.round(x)));
  const [left, right] = [Math.min(x1, x2) - reach, Math.max(x1, x2) + reach].map(inside);
  const [top, bottom] = [Math.min(y1, y2) - reach, Math.max(y1, y2) + reach].map(inside);
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy || 1;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const [px, py] = [x + 0.5 - x1, y + 0.5 - y1]; // the middle of the pixel
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      const distance = Math.hypot(px - along * dx, py - along * dy);
      const level = 255 * (radius + 0.5 - distance);
      if (level > ink[y * side + x]) ink[y * side + x] = level;
    }
  }
}

/**
 * What MNIST would have made of the drawing: 28x28 bytes, or null where it shows no
 * digit: blank, or so full that no paper is left. The steps are those of `read_digit`,
 * for paper that is known to be white and even.
 */
function frameDigit(ink) {
  const strokes = findStrokes(ink);
  return strokes && frame(cutOut(strokes));
}

function findStrokes(ink) {
  const peak = quantile(ink, 0.999);
  if (peak < 0.1 * 255 || !hasPaper(ink)) return null;
  const { pieces, amounts } = findPieces(ink, 0.3 * peak);
  const least = 0.02 * Math.max(...amounts); // a smaller piece is a speck
  const kept = new Uint8Array(ink.length);
  pieces.forEach((piece, i) => {
    if (!piece || amounts[piece] < least) return;
    for (const near of [i, ...neighbours(i)]) kept[near] = 1; // with its soft edge
  });
  return ink.map((level, i) => (kept[i] ? level : 0));
}

/** Whether most of the border, a sixteenth of the pad, is paper. */
function hasPaper(ink) {
  const ring = Math.floor(PAD / 16);
  const inside = (k) => k >= ring && k < PAD - ring;
  let [paper, all] = [0, 0];
  ink.forEach((level, i) => {
    if (inside(i % PAD) && inside(Math.floor(i / PAD))) return;
    all++;
    if (level === 0) paper++;
  });
  return paper > all / 2;
}

function quantile(bytes, share) {
  const counts = new Uint32Array(256);
  bytes.forEach((byte) => counts[byte]++);
  const ranked = (rank) => counts.findIndex((count) => (rank -= count) < 0);
  const place = share * (bytes.length - 1);
  const low = ranked(Math.floor(place));
  return low + (place % 1) * (ranked(Math.floor(place) + 1) - low);
}

/** Label the pieces of ink that hang together, corners included; 0 is paper. */
function findPieces(ink, threshold) {
  const pieces = new Uint16Array(ink.length);
  const amounts = [0];
  for (let start = 0; start < ink.length; start++) {
    if (ink[start] <= threshold || pieces[start]) continue;
    const piece = amounts.push(0) - 1;
    const waiting = [start];
    pieces[start] = piece;
    while (waiting.length) {
      const i = waiting.pop();
      amounts[piece] += ink[i];
      for (const near of neighbours(i)) {
        if (ink[near] <= threshold || pieces[near]) continue;
        pieces[near] = piece;
        waiting.push(near);
      }
    }
  }
  return { pieces, amounts };
}

/** The up to eight pixels around a pixel of the pad. */
function neighbours(i) {
  const [row, column] = [Math.floor(i / PAD), i % PAD];
  const near = [];
  for (let y = Math.max(0, row - 1); y <= Math.min(PAD - 1, row + 1); y++) {
    for (let x = Math.max(0, column - 1); x <= Math.min(PAD - 1, column + 1); x++) {
      if (y !== row || x !== column) near.push(y * PAD + x);
    }
  }
  return near;
}

/** The box around the ink. */
function cutOut(ink) {
  let [top, bottom, left, right] = [PAD, 0, PAD, 0];
  ink.forEach((level, i) => {
    if (!level) return;
    const [row, column] = [Math.floor(i / PAD), i % PAD];
    [top, bottom] = [Math.min(top, row), Math.max(bottom, row + 1)];
    [left, right] = [Math.min(left, column), Math.max(right, column + 1)];
  });
  const [height, width] = [bottom - top, right - left];
  const values = Float32Array.from({ length: height * width }, (_, i) => ink[(top + Math.floor(i / width)) * PAD + left + (i % width)]);
  return { height, width, values };
}

/** The longer side becomes 20, the strongest ink 255, the centre of mass pixel 14. */
function frame(box) {
  const longer = Math.max(box.height, box.width);
  const [height, width] = [box.height, box.width].map((side) => Math.max(1, roundHalfEven((20 * side) / longer)));
  const values = resize(box, height, width);
  const largest = values.reduce((a, b) => Math.max(a, b), 0);
  const digit = values.map((value) => value * Math.fround(255 / largest));
  const [y, x] = centreOfMass(digit, width);
  const [top, left] = [place(y, height), place(x, width)];
  const bytes = new Uint8Array(28 * 28);
  digit.forEach((value, i) => {
    bytes[(top + Math.floor(i / width)) * 28 + left + (i % width)] = roundHalfEven(value);
  });
  return bytes;
}

function place(centre, length) {
  // Rounded, so that for a stroke midway between two pixels no noise decides.
  const middle = Math.round(1000 * centre) / 1000;
  return Math.min(28 - length, Math.max(0, roundHalfEven(14 - middle)));
}

function roundHalfEven(x) {
  const below = Math.floor(x);
  return x - below === 0.5 ? below + (below & 1) : Math.round(x);
}

function centreOfMass(values, width) {
  let [mass, y, x] = [0, 0, 0];
  values.forEach((value, i) => {
    mass += value;
    y += value * Math.floor(i / width);
    x += value * (i % width);
  });
  return [y / mass, x / mass];
}

/** Resize along the rows, then the columns, each pixel a mean under a triangle. */
function resize({ height, width, values }, newHeight, newWidth) {
  const across = triangles(width, newWidth);
  const down = triangles(height, newHeight);
  const wide = Float32Array.from({ length: height * newWidth }, (_, i) => {
    const { first, weights } = across[i % newWidth];
    const start = Math.floor(i / newWidth) * width + first;
    return weights.reduce((sum, weight, k) => sum + weight * values[start + k], 0);
  });
  return Float32Array.from({ length: newHeight * newWidth }, (_, i) => {
    const { first, weights } = down[Math.floor(i / newWidth)];
    const start = first * newWidth + (i % newWidth);
    return weights.reduce((sum, weight, k) => sum + weight * wide[start + k * newWidth], 0);
  });
}

/** Which old pixels make each new one, with what weights: Pillow's BILINEAR. */
function triangles(length, newLength) {
  const scale = length / newLength;
  const reach = Math.max(1, scale);
  return Array.from({ length: newLength }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - reach + 0.5));
    const last = Math.min(length, Math.floor(centre + reach + 0.5));
    const weights = Array.from({ length: last - first }, (_, k) => Math.max(0, 1 - Math.abs((first + k + 0.5 - centre) / reach)));
    const total = weights.reduce((a, b) => a + b, 0);
    return { first, weights: weights.map((weight) => weight / total) };
  });
}

/** Bytes to the network's input: paper -0.1, ink 1.175, two pixels of paper around. */
function toInput(bytes) {
  const input = new Float32Array(32 * 32).fill(-0.1);
  bytes?.forEach((byte, i) => {
    input[(Math.floor(i / 28) + 2) * 32 + (i % 28) + 2] = -0.1 + 0.005 * byte;
  });
  return input;
}

/**
 * Move, size, squeeze and turn the input about its centre, as `distort_by` does: each
 * pixel reads the old picture where the inverse map leads, between four pixels.
 */
function distort(input, { shiftX = 0, shiftY = 0, scale = 1, squeeze = 1, rotation = 0 }) {
  const [across, down, angle] = [1 / (scale * squeeze), squeeze / scale, (rotation * Math.PI) / 180];
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const read = (row, column) => (row >= 0 && row < 32 && column >= 0 && column < 32 ? input[row * 32 + column] : -0.1);
  return input.map((_, i) => {
    const [right, below] = [(i % 32) - 15.5 - shiftX, Math.floor(i / 32) - 15.5 - shiftY];
    const x = 15.5 + across * cos * right - across * sin * below;
    const y = 15.5 + down * sin * right + down * cos * below;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const [dx, dy] = [x - column, y - row];
    return (
      (1 - dy) * ((1 - dx) * read(row, column) + dx * read(row, column + 1)) +
      dy * ((1 - dx) * read(row + 1, column) + dx * read(row + 1, column + 1))
    );
  });
}

/** Turn a share of the pixels over, ink to paper: the noise of Section III-E. */
function addNoise(input, share) {
  const random = randomNumbers(5);
  return input.map((x) => (random() < share ? 1.075 - x : x));
}
