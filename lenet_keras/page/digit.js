// From strokes to what the network sees: the drawing, framed as `read_digit` frames a
// picture and MNIST its digits (Section III-A): 20x20, centred by mass, in 32x32.

const PAD = 280; // pixels of the drawing, across and down
const FINE = 4; // a digit is drawn that many times larger than it is framed

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

/** Ink, bytes, 0 for paper: round strokes, their edges softened. */
function drawInk(strokes, radius, width, height = width) {
  const ink = new Uint8ClampedArray(width * height);
  for (const stroke of strokes) {
    stroke.forEach((point, i) => drawSegment(ink, width, height, stroke[Math.max(0, i - 1)], point, radius));
  }
  return ink;
}

function drawSegment(ink, width, height, [x1, y1], [x2, y2], radius) {
  const inside = (x, limit) => Math.min(limit, Math.max(0, Math.round(x)));
  const [left, right] = [Math.min(x1, x2) - radius - 1, Math.max(x1, x2) + radius + 1].map((x) => inside(x, width));
  const [top, bottom] = [Math.min(y1, y2) - radius - 1, Math.max(y1, y2) + radius + 1].map((y) => inside(y, height));
  const [dx, dy] = [x2 - x1, y2 - y1];
  const length = dx * dx + dy * dy || 1;
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) {
      const [px, py] = [x + 0.5 - x1, y + 0.5 - y1]; // the middle of the pixel
      const along = Math.min(1, Math.max(0, (px * dx + py * dy) / length));
      const distance = Math.hypot(px - along * dx, py - along * dy);
      const level = 255 * (radius + 0.5 - distance);
      if (level > ink[y * width + x]) ink[y * width + x] = level;
    }
  }
}

/**
 * What MNIST would have made of strokes on the pad: 28x28 bytes, or null for none. The
 * longer side of their box becomes 20, the strongest ink 255, the centre of mass pixel
 * 14. It is what `read_digit` makes of the picture, from a drawing in nearly its size.
 */
function frameDigit(strokes, penWidth) {
  const boxes = [0, 1].map((axis) => {
    const along = strokes.flat().map((point) => point[axis]);
    const first = Math.max(0, Math.floor(Math.min(...along) - penWidth / 2));
    return { first, length: Math.min(PAD, Math.ceil(Math.max(...along) + penWidth / 2)) - first };
  });
  const longer = Math.max(...boxes.map(({ length }) => length));
  if (!(longer > 0)) return null;
  const [width, height] = boxes.map(({ length }) => Math.max(1, Math.round((20 * length) / longer)));
  const scales = [width / boxes[0].length, height / boxes[1].length].map((scale) => FINE * scale);
  const place = (point) => point.map((x, axis) => (x - boxes[axis].first) * scales[axis]);
  const fine = drawInk(strokes.map((stroke) => stroke.map(place)), (FINE * 10 * penWidth) / longer, FINE * width, FINE * height);
  const ink = shrink(fine, width, height);
  const largest = Math.max(1, ...ink);
  const [y, x] = centreOfMass(ink, width);
  const [top, left] = [firstPixel(y, height), firstPixel(x, width)];
  const bytes = new Uint8Array(28 * 28);
  ink.forEach((level, i) => {
    bytes[(top + Math.floor(i / width)) * 28 + left + (i % width)] = Math.round((255 * level) / largest);
  });
  return bytes;
}

/** Each pixel a mean of FINE x FINE and half as many around, under a triangle. */
function shrink(fine, width, height) {
  return Float32Array.from({ length: width * height }, (_, i) => {
    const [left, top] = [FINE * (i % width), FINE * Math.floor(i / width)];
    let [sum, total] = [0, 0];
    for (let y = Math.max(0, top - FINE / 2); y < Math.min(FINE * height, top + 1.5 * FINE); y++) {
      for (let x = Math.max(0, left - FINE / 2); x < Math.min(FINE * width, left + 1.5 * FINE); x++) {
        const weight = triangle(x - left) * triangle(y - top);
        sum += weight * fine[y * FINE * width + x];
        total += weight;
      }
    }
    return sum / total;
  });
}

function triangle(k) {
  return 1 - Math.abs((k + 0.5) / FINE - 0.5);
}

/** Where a side begins whose centre of mass comes to 14: half pixels to even ones. */
function firstPixel(centre, length) {
  const [first, rest] = [Math.floor(14 - centre), (14 - centre) % 1];
  // Nearly half, so that for a stroke midway between two pixels no noise decides.
  const rounded = Math.abs(rest - 0.5) < 0.001 ? first + (first & 1) : Math.round(14 - centre);
  return Math.min(28 - length, Math.max(0, rounded));
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

/** Whether a drawing leaves room to see a digit: most of the pad's border is paper. */
function hasPaper(ink) {
  const isBorder = (_, i) => [i % PAD, Math.floor(i / PAD)].some((k) => k < PAD / 16 || k >= PAD - PAD / 16);
  const border = ink.filter(isBorder);
  return border.filter((level) => level === 0).length > border.length / 2;
}

/** Bytes to the network's input: paper -0.1, ink 1.175, two pixels of paper around. */
function toInput(bytes) {
  const input = new Float32Array(32 * 32).fill(-0.1);
  bytes?.forEach((byte, i) => {
    input[(Math.floor(i / 28) + 2) * 32 + (i % 28) + 2] = -0.1 + 0.005 * byte;
  });
  return input;
}

/** Move, size, squeeze and turn the input about its centre, as `distort_by` does. */
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
