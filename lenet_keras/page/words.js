// The page's two languages, and how it writes numbers and names.
"use strict";

const WORDS = { en: ENGLISH, zh: CHINESE };

let language = navigator.language.startsWith("zh") ? "zh" : "en";

/** What the page says for a key, with values filled in. */
function say(key, ...values) {
  const words = WORDS[language][key];
  return typeof words === "function" ? words(...values) : words;
}

/** A number as it is shown: two decimals, fewer where it is large, a true minus sign. */
function show(value) {
  const size = Math.abs(value);
  const text = size >= 100 ? size.toFixed(0) : size >= 10 ? size.toFixed(1) : size.toFixed(2);
  return (value < 0 && Number(text) !== 0 ? "−" : "") + text;
}

function showPercent(probability) {
  return `${(100 * probability).toFixed(1)}%`;
}

/** A layer's name as the paper writes it. */
function nameOf(layer) {
  if (layer === "output") return language === "zh" ? "输出" : "Output";
  return layer === "input" ? say("input") : layer.toUpperCase();
}
