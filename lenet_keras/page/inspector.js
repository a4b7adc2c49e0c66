// The panel of one unit: its receptive field, its kernel, its sum worked out in numbers.

/** Make an element with attributes and children, texts among them. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== false) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** Fill the panel of a unit, or say how to choose one. */
function showUnit(unit) {
  const panel = $("work");
  const { network, states, off } = state;
  const focused = panel.contains(document.activeElement) ? document.activeElement.id : "";
  panel.replaceChildren();
  if (!unit) {
    panel.append(make("p", {}, say("choose")));
    return;
  }
  const work = explain(network, states, unit);
  const soFar = termsSoFar(unit);
  const open = Math.min(state.group, work.groups.length - 1);
  const layer = network[unit.name];
  panel.append(make("div", { class: "summary" }, make("div", {},
    make("p", { class: "place" }, placeOf(unit), " ", make("strong", {}, say("gives", show(work.value)))),
    ...sumLines(unit, work, states, layer, off.has(`${unit.name}:${unit.map}`)),
    ...(soFar < Infinity ? [line(say("soFar", soFar), "", show(sumSoFar(work, layer, soFar)))] : []),
  ), ...fieldOfUnit(unit, states)));
  if (unit.name === "c3") panel.append(tableOne(unit, layer.table));
  if (work.groups.length > 1) panel.append(groupButtons(unit, work.groups, open, soFar));
  panel.append(numbers(unit, work, open, layer, soFar));
  if (focused) document.getElementById(focused)?.focus();
}

function fieldOfUnit(unit, states) {
  const { receptive_field: size, stride } = description.layers.find(({ name }) => name === unit.name);
  const [top, left] = [stride * unit.row, stride * unit.column];
  const pixels = cropped(states.input, 0, top, left, size);
  const range = (first) => `${first}–${first + size - 1}`;
  const text = say("field", size, range(top), range(left));
  const picture = makePicture(pixels, size, { cell: Math.ceil(96 / size), colour: inkColour, label: say("fieldName") });
  return [picture, make("p", { class: "field" }, text)];
}

/** What the first terms add up to, in the order of play. */
function sumSoFar(work, layer, soFar) {
  const terms = work.groups.length > 1 ? work.groups.map((group) => group.sum) : work.groups[0].terms;
  return playOrder(work).slice(0, soFar).reduce((sum, k) => sum + terms[k], layer.kind === "rbf" ? 0 : work.bias);
}

/** Which S2 maps each C3 map reads, the chosen column marked. */
function tableOne({ map }, table) {
  if (table.every((sources) => sources.length === 6)) return make("p", {}, say("readsAll"));
  const chosen = (column) => column === map && "chosen";
  const rows = [0, 1, 2, 3, 4, 5].map((source) =>
    make("tr", {}, make("th", { scope: "row" }, source), ...table.map((sources, column) =>
      make("td", { class: chosen(column) }, sources.includes(source) ? "×" : ""))));
  const head = make("tr", {}, make("td"), ...table.map((_, column) => make("th", { scope: "col", class: chosen(column) }, column)));
  return make("div", {}, make("p", {}, say("reads", table[map].join(", "))), make("table", { class: "tableOne", "aria-label": say("table") }, head, ...rows));
}

/** For each map that the unit reads: inputs, kernel and products as pictures, their sum. */
function groupButtons({ name }, groups, open, soFar) {
  const [inputs, weights, terms] = ["inputs", "weights", "terms"].map((part) => largestSize(groups.flatMap((group) => group[part])));
  const from = BELOW[name];
  const isMany = groups.length > 6; // C5 reads 16 maps: there is room for the products
  return make("div", { class: isMany ? "many groups" : "groups" }, ...groups.map((group, k) =>
    make("button", {
      id: `group${k}`,
      "aria-pressed": k === (soFar < Infinity ? soFar - 1 : open),
      "aria-label": say("group", nameOf(from), group.source, show(group.sum)),
      onclick: () => openGroup(k),
    },
    make("span", {}, `${nameOf(from)}·${group.source}`),
    ...(isMany ? [] : [
      makePicture(group.inputs, group.width, { cell: 6, limit: inputs }),
      "×",
      makePicture(group.weights, group.width, { cell: 6, limit: weights }),
      "→",
    ]),
    makePicture(group.terms, group.width, { cell: 6, limit: terms }),
    make("b", {}, show(group.sum))),
  ));
}

function openGroup(group) {
  state.group = group;
  repaint();
}

/** The numbers of the open group: 25 products in full, of 84 or 120 the largest. */
function numbers({ name }, work, open, layer, soFar) {
  const group = work.groups[open];
  if (!group.weights.length) return make("div", { class: "numbers" }, grid(group.inputs, group.width, say("inputs"), name === "c1"));
  const parts = [
    [group.inputs, say("inputs")],
    [group.weights, say(layer.kind === "rbf" ? "code" : "kernel")],
    [group.terms, say(layer.kind === "rbf" ? "squares" : "products")],
  ];
  if (group.inputs.length > 25) return largestTerms(name, work, parts, soFar, layer.kind);
  return make("div", { class: "numbers" }, ...parts.map(([values, label], k) =>
    grid(values, group.width, label, name === "c1" && k === 0)));
}

/** Numbers in their cells, tinted by the layer's colours. */
function grid(values, width, label, isInput) {
  const limit = largestSize(values);
  const rows = [];
  for (let i = 0; i < values.length; i += width) {
    rows.push(make("tr", {}, ...values.slice(i, i + width).map((value) => {
      const colour = isInput ? inkColour(value) : signedColour(value, limit);
      return make("td", { style: `background:${rgb(colour)};color:${textOn(colour)}` }, show(value));
    })));
  }
  return make("table", { class: "grid" }, make("caption", {}, label), ...rows);
}

/** F6 and the output: what they read, weigh and add as pictures, the largest in numbers. */
function largestTerms(name, work, parts, soFar, kind) {
  const { inputs, weights, terms, width } = work.groups[0];
  const order = playOrder(work);
  const done = new Set(order.slice(0, soFar));
  const current = soFar < Infinity ? order[soFar - 1] : null;
  const pictures = parts.map(([values, label], k) => {
    const shown = k === 2 ? values.map((value, i) => (done.has(i) ? value : 0)) : values;
    const picture = makePicture(shown, width, { cell: 12, label, limit: largestSize(values) });
    if (current !== null) outline(picture.getContext("2d"), 12 * (current % width), 12 * Math.floor(current / width), 12, 12);
    return make("figure", {}, picture, make("figcaption", {}, label));
  });
  const last = current === null ? 5 : Math.max(5, soFar);
  const rows = order.slice(last - 5, last).map((i) => {
    const sum = kind === "rbf" ? `(${show(inputs[i])} − ${signed(weights[i])})²` : `${show(inputs[i])} × ${signed(weights[i])}`;
    return make("li", i === current ? { class: "current" } : {}, `${say("units", nameOf(BELOW[name]))} ${i}: ${sum} = ${show(terms[i])}`);
  });
  const list = make("div", {}, make("p", {}, say("largest")), make("ul", {}, ...rows));
  return make("div", {}, make("div", { class: "numbers three" }, ...pictures), list);
}

function signed(value) {
  return value < 0 ? `(${show(value)})` : show(value);
}

/** The sum in numbers, then what squashing, or the softmax, makes of it. */
function sumLines(unit, work, states, layer, isOff) {
  const { kind, squash } = layer;
  const sums = work.groups.map((group) => signed(group.sum));
  const shown = sums.length > 6 ? [...sums.slice(0, 3), "…", sums.at(-1)] : sums;
  const inputs = work.groups[0].inputs.map(signed).join(" + ");
  const bias = `${signed(work.bias)} (${say("bias")})`;
  const sum = {
    weighted: `${shown.join(" + ")} + ${bias}`,
    trained: `${kind === "trained" ? show(layer.coefficients[unit.map]) : ""} × (${inputs}) + ${bias}`,
    average: `(${inputs}) / 4`,
    max: `max(${work.groups[0].inputs.map(show).join(", ")})`,
    rbf: `y = Σ (x − w)²`,
  }[kind];
  const symbol = kind === "rbf" ? "" : "a = ";
  const lines = [line(say("sum"), `${symbol}${sum} = `, show(work.sum))];
  if (unit.name === "output") {
    const text = kind === "rbf" ? "p = e⁻ʸ / Σ e⁻ʸ = " : "p = eᵃ / Σ eᵃ = ";
    lines.push(line(say("probability"), text, showPercent(states.probabilities[unit.map])));
  } else if (squash !== "linear") lines.push(line(say("squashed"), `f(a) = ${SQUASH[squash].text} = `, show(SQUASH[squash].f(work.sum))));
  if (isOff) lines.push(line(say("isOff"), "→ ", show(0)));
  return lines;
}

function line(name, text, result) {
  return make("p", { class: "sum" }, make("span", {}, name), ` ${text}`, make("strong", {}, result));
}
