// Digits of the page's own, to learn from: strokes of a few hands, each time a little
// different. They are drawn in the network's frame, and none of them is from MNIST.

// Three more ways to write each digit, on a pad of 100 x 100; `SAMPLES` is the first.
const HANDS = [
  [["60,16 40,26 30,52 34,76 48,84 64,70 72,46 68,24 56,17"], ["50,12 40,30 38,55 43,80 52,88 60,78 63,52 60,28 50,12"], ["66,22 50,15 34,30 28,55 36,80 54,86 70,72 74,46 64,24 54,20"]],
  [["50,12 50,50 50,88"], ["60,14 54,50 44,88"], ["38,30 52,14", "52,14 52,86", "36,86 68,86"]],
  [["28,28 40,15 58,16 66,30 58,52 40,72 28,80 34,70 48,74 62,84 76,78"], ["32,24 50,14 68,26 62,46 32,84", "32,84 72,84"], ["34,34 36,20 52,13 66,22 62,44 46,66 30,84 50,80 74,86"]],
  [["30,16 68,16 46,42", "46,42 64,48 70,66 58,84 34,84"], ["32,22 50,13 66,24 60,42 46,48 64,54 70,70 56,86 32,80"], ["34,18 54,14 64,28 52,44 42,47", "42,47 62,50 68,66 56,82 38,86 28,76"]],
  [["60,14 28,60", "28,60 76,60", "60,14 60,88"], ["34,16 32,52", "32,52 70,52", "68,16 66,88"], ["36,16 30,46 48,54 66,46", "68,14 62,50 56,88"]],
  [["38,16 34,42", "34,42 50,40 66,52 64,74 46,86 30,78", "38,16 68,14"], ["70,14 44,16 38,42", "38,42 56,40 68,54 60,76 42,86 28,80"], ["36,14 36,46", "36,46 56,42 68,56 66,74 50,86 32,82", "36,14 70,14"]],
  [["56,12 40,40 34,66 44,84 60,82 66,66 56,54 40,62"], ["66,18 52,14 38,34 32,62 42,84 60,84 68,68 60,54 42,58 36,70"], ["52,12 42,40 38,68 48,86 60,80 62,64 50,58 40,68"]],
  [["28,20 74,18", "74,18 58,50 48,88", "40,52 68,50"], ["28,24 50,18 72,22 62,44 52,66 48,88"], ["30,30 30,18", "30,18 72,18", "72,18 56,54 50,88"]],
  [["50,14 36,24 40,40 52,48 64,36 62,20 50,14", "52,48 34,62 36,80 50,87 66,78 66,60 52,48"], ["64,20 48,14 36,26 46,44 62,60 64,78 48,87 34,78 40,60 58,42 64,28 62,18"], ["54,13 42,22 42,36 54,48 62,66 54,86 42,82 40,66 52,48 62,34 60,18 52,13"]],
  [["64,26 48,16 36,30 44,46 60,42 66,24", "66,24 64,56 62,88"], ["66,30 56,15 40,20 36,38 50,48 64,38 67,26", "67,26 66,60 56,82 36,84"], ["62,20 44,18 36,34 48,46 62,34", "64,16 60,52 52,88"]],
].map((hands, digit) => [SAMPLES[digit], ...hands.map((strokes) => strokes.map(readStroke))]);

const TWO_PI = 2 * Math.PI;
const SMALL = 0.6; // so that no bend leaves the pad; the frame makes all of one size

/** Digits in turn, each a hand's strokes, bent, slanted and turned at random. */
function storedStrokes(number, seed) {
  const random = randomNumbers(seed);
  const within = (low, high) => low + (high - low) * random();
  return Array.from({ length: number }, (_, k) => {
    const label = k % 10;
    const hands = HANDS[label];
    const strokes = hands[Math.floor(random() * hands.length)];
    const [slant, turn, squeeze] = [within(-0.3, 0.15), within(-0.15, 0.15), Math.exp(within(-0.25, 0.2))];
    const bends = [0, 1].map(() => ({ size: within(0, 9), waves: within(0.5, 1.5), phase: within(0, TWO_PI) }));
    const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
    const move = ([x, y]) => {
      const [right, down] = [x - PAD / 2, y - PAD / 2];
      const [across, along] = bends.map(({ size, waves, phase }, axis) =>
        size * Math.sin(phase + (TWO_PI * waves * (axis ? right : down)) / PAD));
      const [u, v] = [(right + across + slant * down) * squeeze, (down + along) / squeeze];
      return [PAD / 2 + SMALL * (cos * u - sin * v), PAD / 2 + SMALL * (sin * u + cos * v)];
    };
    const width = SMALL * within(14, 36);
    return { label, input: toInput(frameDigit(strokes.map((stroke) => stroke.map(move)), width)) };
  });
}
