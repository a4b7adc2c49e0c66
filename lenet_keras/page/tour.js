// For those who come alone: six cards from the drawing to the answer, three challenges.

// What each card points at.
const CARDS = ["pad", "view", "c1Row", "c3Row", "f6Row", "answers"];

let card = null; // the number of the card that is open

function openCard(number) {
  document.querySelector(".pointed")?.classList.remove("pointed");
  card = number < CARDS.length ? number : null;
  $("card").hidden = card === null;
  if (card === null) return $("walk").focus();
  if (!state.hasDigit) drawSample(3);
  const place = $(CARDS[number]);
  place.classList.add("pointed");
  place.scrollIntoView({ block: "nearest", behavior: "auto" });
  showCard();
  announce(`${$("cardTitle").textContent}. ${$("cardText").textContent}`, 0);
  putBeside($("card"), place);
  $("cardNext").focus({ preventScroll: true });
}

function closeCard() {
  if (card !== null) openCard(CARDS.length);
}

function showCard() {
  if (card === null) return;
  const { subsampling, trainable } = description;
  const [title, text] = pick(CARD_WORDS[card]);
  const isLast = card + 1 === CARDS.length;
  $("cardTitle").textContent = `${card + 1}/${CARDS.length} ${title}`;
  $("cardText").textContent = fill(text, say(`halves_${subsampling}`), say(isRbf() ? "f6_rbf" : "f6_weighs"), trainable);
  $("cardNext").textContent = say(isLast ? "close" : "next");
  $("cardSkip").hidden = isLast;
}

/** Beside its place where there is room, else below or above it. */
function putBeside(box, place) {
  const [target, own] = [place.getBoundingClientRect(), box.getBoundingClientRect()];
  const inside = (x, length, limit) => Math.max(8, Math.min(limit - length - 8, x));
  let [left, top] = [target.right + 12, target.top];
  if (left + own.width > innerWidth) left = target.left - own.width - 12;
  if (left < 0) [left, top] = [target.left, target.bottom + 12];
  if (top + own.height > innerHeight && left === target.left) top = target.top - own.height - 12;
  box.style.left = `${inside(left, own.width, innerWidth)}px`;
  box.style.top = `${inside(top, own.height, innerHeight)}px`;
}

// ---- Challenges ------------------------------------------------------------------------

// What is done: fooled names both digits, broken the smallest share of a slider's range.
const challenges = { isFour: false, fooled: null, broken: null, turned: false };

/** Whether the reader's next stroke goes onto the sample: in the third challenge. */
function keepsSample() {
  return challenges.isFour && state.sample === 4;
}

/** Told another class than the one that it was sure of: it has been fooled. */
function noteFooled(label) {
  const [first] = ranking(state.states);
  const isSure = isDoubtful(state.states, rule()) === false || (!rule() && state.states.probabilities[first] >= 0.9);
  if (first === label || !isSure || state.isSample || lessons.isScratch) return;
  challenges.fooled = [description.classes[label], description.classes[first]];
  showChallenges();
}

/** Look, after each change, whether one of the others is met. */
function checkChallenges() {
  const { sample, settings, strokes, states, hasDigit, isSample, off } = state;
  if (!readsDigits || sample === null || sampleTimer || !hasDigit || off.size || lessons.network !== trained) return;
  const answer = description.classes[ranking(states)[0]];
  const moved = Object.keys(SLIDERS).filter((name) => settings[name] !== SLIDERS[name].rest);
  const added = strokes.length - SAMPLES[sample].length;
  if (isSample && added === 0 && moved.length === 1 && answer !== String(sample)) noteBroken(moved[0], sample, answer);
  if (keepsSample() && added === 1 && !moved.length && answer === "9") {
    challenges.turned = true;
    showChallenges();
  }
}

function noteBroken(name, sample, answer) {
  const { min, max, rest } = SLIDERS[name];
  const share = Math.abs(state.settings[name] - rest) / (max - min);
  if (challenges.broken && challenges.broken.share <= share) return;
  challenges.broken = { share, name, sample, answer };
  showChallenges();
}

function startFour() {
  reset();
  drawSample(4);
  challenges.isFour = true;
}

function showChallenges() {
  if (!readsDigits) return $("challenges").replaceChildren(make("li", {}, say("digitsOnly")));
  const { fooled, broken, turned } = challenges;
  const done = [
    fooled && say("fooled", ...fooled),
    broken && say("broke", broken.sample, broken.answer, say(broken.name), showPercent(broken.share)),
    turned && say("turned"),
  ];
  const acts = [clear, () => drawSample(2), startFour];
  const isTaught = lessons.network !== trained;
  const focused = document.activeElement?.id;
  $("challenges").replaceChildren(...CHALLENGE_WORDS.map(pick).map(([title, text], k) =>
    make("li", { class: done[k] ? "done" : "" },
      make("h3", {}, `${done[k] ? "✓ " : ""}${title}`),
      make("p", {}, text),
      ...(done[k] ? [make("p", { class: "result" }, done[k])] : []),
      ...(k > 0 && isTaught && !done[k] ? [make("p", {}, say("untaughtOnly"))] : []),
      make("button", { id: `challenge${k}`, onclick: acts[k] }, say("begin")))));
  if (/^challenge\d$/.test(focused)) $(focused).focus();
  const now = done.filter(Boolean).join(" ");
  if (now) announce(now, 600);
}
