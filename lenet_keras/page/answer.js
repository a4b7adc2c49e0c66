// The answer: which class, how near, and whether to believe it.

/** The classes from the likeliest to the least likely. */
function ranking({ probabilities }) {
  return [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
}

/**
 * Whether a reading is doubtful, by the rule of the weights' card: the nearest code too
 * far, or the largest probability too small. Null where these weights have no rule.
 */
function isDoubtful({ output, probabilities }, rule) {
  if (!rule) return null;
  if (rule.measure === "distance") return Math.min(...output.values) > rule.threshold;
  return Math.max(...probabilities) < rule.threshold;
}

/** The rule of the card; it was chosen for these weights, not for some learned afresh. */
function rule() {
  return lessons.isScratch ? null : description.doubt;
}

function showAnswer(isRun) {
  const { hasDigit, states } = state;
  const { probabilities, output } = states;
  const order = ranking(states);
  const [first, second] = order.map((k) => [description.classes[k], showPercent(probabilities[k])]);
  const isInDoubt = isDoubtful(states, rule());
  $("answer").textContent = hasDigit ? first[0] : say("none");
  $("answer").className = hasDigit ? (isInDoubt ? "doubtful" : "") : "prompt";
  $("probabilities").classList.toggle("blank", !hasDigit);
  probabilities.forEach((p, k) => {
    const row = $(`class${k}`);
    row.classList.toggle("first", hasDigit && k === order[0]);
    row.querySelector("i").style.width = hasDigit ? `${100 * p}%` : "0";
    row.querySelector("b").textContent = hasDigit ? showPercent(p) : "";
  });
  const near = isRbf() ? `y = ${show(output.values[order[0]])}` : `p = ${first[1]}`;
  const judged = isInDoubt === null ? "" : say(isInDoubt ? (isRbf() ? "likeNone" : "unsure") : isRbf() ? "isNear" : "isSure", first[0]);
  const verdict = judged ? `${near}${say("colon")}${judged}` : near;
  $("verdict").textContent = hasDigit ? verdict : "";
  $("verdict").classList.toggle("doubtful", hasDigit && isInDoubt === true);
  $("wrong").hidden = !hasDigit;
  // Only where it may be another: it would cut off what else is to be told.
  if (isRun) announce(hasDigit ? `${say("isAnswer", ...first)} ${say("second", ...second)} ${verdict}` : say("none"));
}

let announcement = 0;

/** Tell a screen reader, once things have been still for a moment. */
function announce(text, wait = 500) {
  clearTimeout(announcement);
  announcement = setTimeout(() => {
    if ($("live").textContent !== text) $("live").textContent = text;
  }, wait);
}

function buildAnswers() {
  description.classes.forEach((label, k) => {
    const button = make("button", { onclick: () => choose({ name: "output", map: k, row: 0, column: 0 }) }, make("span", {}, label), make("em", {}, make("i")), make("b"));
    $("probabilities").append(make("li", { id: `class${k}` }, button));
  });
}
