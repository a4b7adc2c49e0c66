// What the page says in English and in Chinese, and how it writes numbers and names.
"use strict";

const LANGUAGES = ["en", "zh"];

// In Chinese, too, a layer keeps the paper's name.
const WORDS = {
  title: ["LeNet-5: draw a digit, watch every layer", "LeNet-5：画一个数字，看每一层"],
  about: [
    (name, trainable, connections) => `${name}: ${trainable} trained weights, ${connections} connections. Point at any unit.`,
    (name, trainable, connections) => `${name}：${trainable} 个训练参数，${connections} 个连接。请指向任意单元。`,
  ],
  settings: ["Settings", "设置"],
  theme: ["Dark / light", "深色 / 浅色"],
  large: ["Larger type", "大字"],
  fullscreen: ["Full screen", "全屏"],
  keys: ["Keys", "按键"],
  close: ["Close", "关闭"],
  draw: ["Draw a digit", "画一个数字"],
  pad: ["Drawing pad", "画板"],
  padHelp: [
    "Draw with mouse, pen or finger. By keyboard: the arrows move the pen, with Shift in small steps; Space lowers and lifts it.",
    "用鼠标、笔或手指画。用键盘：方向键移动笔，按住 Shift 走小步；空格键落笔或抬笔。",
  ],
  clear: ["Clear", "清除"],
  undo: ["Undo", "撤销"],
  save: ["Save as PNG", "存为 PNG"],
  samples: ["Sample digits", "样例数字"],
  sample: [(digit) => `Draw a sample ${digit}`, (digit) => `画样例 ${digit}`],
  seen: ["What the network sees:", "网络看到的："],
  seenHow: [
    "the digit fitted into 20×20 and centred by its mass in 32×32; paper −0.1, ink 1.175.",
    "数字缩放到 20×20，按质心居中放入 32×32；纸为 −0.1，墨为 1.175。",
  ],
  sliders: ["Change the digit, or break the network", "改变数字，或破坏网络"],
  stroke: ["Pen width", "笔宽"],
  shiftX: ["Shift across", "左右平移"],
  shiftY: ["Shift down", "上下平移"],
  scale: ["Scale", "缩放"],
  rotation: ["Rotation", "旋转"],
  squeeze: ["Squeeze", "压扁"],
  noise: ["Pixel noise", "像素噪声"],
  weightNoise: ["Weight noise", "权重噪声"],
  repair: ["Reset and repair", "还原并修复"],
  layers: ["The layers", "各层"],
  answer: ["The answer", "答案"],
  none: ["Draw a digit, or press 0 to 9.", "画一个数字，或按 0 到 9。"],
  isAnswer: [(label, percent) => `The answer is ${label}, ${percent}.`, (label, percent) => `答案是 ${label}，${percent}。`],
  second: [(label, percent) => `Then ${label}, ${percent}.`, (label, percent) => `其次是 ${label}，${percent}。`],
  penDown: ["Pen down", "落笔"],
  penUp: ["Pen up", "抬笔"],
  size: [
    (maps, height, width) => (height > 1 ? `${maps} maps of ${height}×${width}` : `${maps} units`),
    (maps, height, width) => (height > 1 ? `${maps} 张 ${height}×${width} 特征图` : `${maps} 个单元`),
  ],
  distances: [(number) => `${number} distances² to the codes: the least wins`, (number) => `到编码的 ${number} 个距离²：最小者胜`],
  counts: [
    (trainable, connections) => `${trainable} weights, ${connections} connections`,
    (trainable, connections) => `${trainable} 个参数，${connections} 个连接`,
  ],
  strip: [
    (name, size) => `${name}, ${size}. Arrows choose a unit, X switches its map off.`,
    (name, size) => `${name}，${size}。方向键选择单元，X 关闭它的特征图。`,
  ],
  nearest: ["Nearest codes (Fig. 3):", "最近的编码（图 3）："],
  place: [
    (name, map, row, column, single) => (single ? `${name}, unit ${map}` : `${name}, map ${map}, row ${row}, column ${column}`),
    (name, map, row, column, single) => (single ? `${name}，单元 ${map}` : `${name}，特征图 ${map}，第 ${row} 行，第 ${column} 列`),
  ],
  gives: [(value) => `gives ${value}`, (value) => `输出 ${value}`],
  field: [
    (size, rows, columns) => `It sees ${size}×${size} pixels of the input: rows ${rows}, columns ${columns}.`,
    (size, rows, columns) => `它看到输入中的 ${size}×${size} 像素：行 ${rows}，列 ${columns}。`,
  ],
  fieldName: ["Receptive field", "感受野"],
  switchOff: ["Switch this map off", "关闭这张特征图"],
  switchOn: ["Switch this map on", "打开这张特征图"],
  reads: [(sources) => `Table I lets it read S2 maps ${sources}.`, (sources) => `按表 I，它读取 S2 的特征图 ${sources}。`],
  readsAll: [
    (number) => `It reads all ${number} maps of S2, as in no column of Table I but the last.`,
    (number) => `它读取 S2 的全部 ${number} 张特征图；表 I 中只有最后一列如此。`,
  ],
  table: ["Table I: which S2 maps (rows) each C3 map (columns) reads", "表 I：每张 C3 特征图（列）读取哪些 S2 特征图（行）"],
  group: [
    (name, map, sum) => `${name} map ${map}: its 25 products sum to ${sum}`,
    (name, map, sum) => `${name} 特征图 ${map}：25 个乘积之和为 ${sum}`,
  ],
  inputs: ["inputs", "输入"],
  kernel: ["kernel", "卷积核"],
  products: ["products", "乘积"],
  code: ["code", "编码"],
  squares: ["squared differences", "差的平方"],
  largest: ["The largest terms:", "最大的几项："],
  input: ["Input", "输入"],
  units: [(from) => `unit of ${from}`, (from) => `${from} 单元`],
  sum: ["Sum", "求和"],
  bias: ["bias", "偏置"],
  squashed: ["Squashed", "激活"],
  probability: ["Probability", "概率"],
  variants: [
    {
      1998: "the network of 1998",
      classic: "the network as it is usually taught",
      dense: "with a dense C5",
      sigmoid: "with the sigmoid",
      tanh: "with tanh after the subsampling too",
      modern: "with ReLU and max pooling",
    },
    {
      1998: "1998 年的网络",
      classic: "通常讲授的网络",
      dense: "C5 为全连接层",
      sigmoid: "使用 sigmoid",
      tanh: "下采样后也用 tanh",
      modern: "使用 ReLU 与最大池化",
    },
  ],
  tools: ["Clear, undo, save, samples", "清除、撤销、保存、样例"],
  link: ["Copy link", "复制链接"],
  copied: ["Copied", "已复制"],
  wrong: ["Wrong? Tell it", "错了？告诉它"],
  colon: [": ", "："],
  isNear: [(label) => `near the code of ${label}`, (label) => `接近 ${label} 的编码`],
  likeNone: [() => "like no digit", () => "不像任何数字"],
  isSure: [() => "sure", () => "有把握"],
  unsure: [() => "too unsure to say", () => "没有把握"],
  panel: ["Start, unit, learning", "开始、单元、学习"],
  tab_start: ["Start", "开始"],
  tab_unit: ["A unit at work", "一个单元如何计算"],
  tab_learn: ["It learns", "它在学习"],
  fold: ["Fold this panel away", "收起面板"],
  choose: [
    "Point at a unit of any layer: what it reads and what reads it lights up. Click it, or press → , and it stays. Play slides its kernel over its input.",
    "指向任意一层的单元：它读取的与读取它的都会亮起。点击或按 → 可选定它。“播放”让卷积核在输入上滑动。",
  ],
  isOff: ["Switched off", "已关闭"],
  player: ["Play this map", "播放这张特征图"],
  play: ["Play", "播放"],
  pause: ["Pause", "暂停"],
  step: ["Step", "单步"],
  speed: ["Speed", "速度"],
  soFar: [(number) => `After ${number} terms`, (number) => `前 ${number} 项之和`],
  tellIt: ["Wrong? Tell it. What is it that you drew?", "错了？告诉它：你画的是几？"],
  stop: ["Stop", "停止"],
  undoLesson: ["Undo", "撤销这一课"],
  forget: ["Forget all", "全部忘掉"],
  scratch: ["From scratch", "从头学起"],
  saveWeights: ["Save weights", "保存权重"],
  learnIdle: [
    "Draw a digit that it misreads, and press what it is. It takes steps down the gradient with every weight, on copies of your digit and on strokes of its own, so that it keeps the rest.",
    "画一个它认错的数字，再按下正确的数字。所有权重沿梯度下降：既学你的数字的变形副本，也复习它自己的笔画，以免忘记其余的。",
  ],
  learning: [(label) => `It learns that this is ${label}.`, (label) => `它正在学：这是 ${label}。`],
  scratching: ["Random weights learn from 600 strokes.", "随机权重正在从 600 个笔画样本学起。"],
  learned: ["It has learned.", "学会了。"],
  notLearned: ["It could not learn this and keep the rest.", "没能学会：这与它已经会的相冲突。"],
  stopped: ["Stopped.", "已停止。"],
  undone: ["The last lesson is undone.", "上一课已撤销。"],
  forgotten: ["All lessons are forgotten.", "所有的课都忘掉了。"],
  broken: ["The steps led to no numbers any more; the lesson is undone.", "计算已发散，这一课已撤销。"],
  noWorker: ["This browser lets no page compute in a worker; the lesson is undone.", "此浏览器不允许网页使用 Worker，这一课已撤销。"],
  steps: [(number) => `${number} steps.`, (number) => `${number} 步。`],
  strokesError: [(percent) => `It misreads ${percent} of 200 other strokes`, (percent) => `另外 200 个笔画样本认错 ${percent}`],
  digitsError: [(percent) => `and ${percent} of copies of your digits.`, (percent) => `，你的数字的副本认错 ${percent}。`],
  curves: ["Errors over the steps", "错误率随步数的变化"],
  strokesCurve: ["strokes that it does not train on", "没有训练过的笔画样本"],
  digitsCurve: ["copies of your digits", "你的数字的副本"],
  kernelsOf: [(name) => `Kernels of ${name}`, (name) => `${name} 的卷积核`],
  codeOf: [(label) => `Code of ${label}`, (label) => `${label} 的编码`],
  lead: [
    "Draw a digit, and watch each layer work it out. Point at any unit to see what it reads.",
    "画一个数字，看每一层如何计算。指向任意单元，看它读取什么。",
  ],
  walk: ["Walk", "导览"],
  walkHere: ["Take the walk: six cards", "开始导览：六张卡片"],
  threeChallenges: ["Three challenges", "三个挑战"],
  challenges: [
    [
      ["Fool it", "Draw a digit that you can read and it cannot, while it is sure. Then tell it what it was, under “It learns”."],
      ["Break it", "Take a sample digit and move one slider, as little as you can, until the answer is another."],
      ["4 into 9", "Turn a 4 into a 9 by one stroke of your pen."],
    ],
    [
      ["骗过它", "画一个你认得、它却很有把握地认错的数字。然后在“它在学习”中告诉它正确答案。"],
      ["难倒它", "取一个样例数字，只动一个滑块，动得越少越好，直到答案改变。"],
      ["4 变 9", "用一笔把 4 变成 9。"],
    ],
  ],
  fooled: [(right, said) => `Your ${right} was a ${said} to it.`, (right, said) => `你画的 ${right}，它认成了 ${said}。`],
  broke: [
    (digit, said, slider, share) => `A ${digit} became a ${said} by ${share} of “${slider}”. Less?`,
    (digit, said, slider, share) => `“${slider}”只动 ${share}，${digit} 就成了 ${said}。还能更少吗？`,
  ],
  turned: [() => "One stroke, and it reads 9.", () => "只用一笔，它就读成了 9。"],
  begin: ["Begin", "开始"],
  back: ["Back", "上一张"],
  next: ["Next", "下一张"],
  skip: ["Skip", "跳过"],
  cards: [
    ({ trainable, subsampling, output }) => [
      ["Draw", "Draw a digit with mouse, pen or finger, or press a number for a sample. The network reads while you draw."],
      ["What it sees", "Your digit becomes 20×20 pixels, centred in 32×32, as those that it was trained on. The sliders move, turn and spoil it."],
      ["Six small windows", "C1 slides six kernels of 5×5 over the picture. Purple says yes, orange says no. Point at a unit to see the window that it reads."],
      ["Coarser and cleverer", `S2 halves each map${{ trained: ", with one trained coefficient and one bias a map", average: " to the mean of 2×2", max: " to the largest of 2×2" }[subsampling]}. C3 puts the maps together; choose one of its units and press P to see its kernels slide.`],
      ["From maps to a picture of the answer", output === "rbf" ? "C5 sees the whole digit. F6 then draws 7×12 cells: the nearer to a digit’s code, the likelier that digit." : "C5 sees the whole digit. The 84 units of F6 say what the ten outputs weigh."],
      ["The answer, and a doubt", `Each class gets its share, and the line below says how near it is. Is it wrong? Tell it: all ${trainable.toLocaleString("en")} weights can learn.`],
    ],
    ({ trainable, subsampling, output }) => [
      ["画", "用鼠标、笔或手指画一个数字，或按数字键取样例。你一边画，网络一边读。"],
      ["它看到的", "你的数字变成 20×20 像素，居中放入 32×32，与训练时一样。滑块可以移动、旋转或弄脏它。"],
      ["六个小窗口", "C1 让六个 5×5 卷积核滑过图像。紫色为正，橙色为负。指向一个单元，看它读取的窗口。"],
      ["更粗，也更聪明", `S2 把每张特征图缩小一半${{ trained: "，每张图有一个训练的系数和一个偏置", average: "：取 2×2 的平均值", max: "：取 2×2 的最大值" }[subsampling]}。C3 把这些图组合起来；选一个单元，按 P 看卷积核滑动。`],
      ["从特征图到答案的图案", output === "rbf" ? "C5 看到整个数字。F6 画出 7×12 的格子：越接近某个数字的编码，就越可能是那个数字。" : "C5 看到整个数字。F6 的 84 个单元交给十个输出去加权。"],
      ["答案与怀疑", `每一类得到一个概率，下面一行说明它有多近。错了？告诉它：全部 ${trainable.toLocaleString("en")} 个参数都能学习。`],
    ],
  ],
  keyList: [
    [
      ["0 … 9", "draw a sample digit"],
      ["C, U, S, K", "clear, undo, save as PNG, copy the link"],
      ["W, P, I", "walk, play the chosen map, it learns"],
      ["← →, Page ↑ ↓", "previous or next layer, its strongest unit"],
      ["Tab, then arrows", "go to the pad or a layer, move the pen or the unit"],
      ["Space", "on the pad: lower or lift the pen"],
      ["X", "switch the chosen map off or on"],
      ["R", "reset the sliders, repair the network"],
      ["F, D, T, L", "full screen, dark or light, larger type, language"],
      ["Esc, ?", "leave the unit, show these keys"],
    ],
    [
      ["0 … 9", "画样例数字"],
      ["C、U、S、K", "清除、撤销、存为 PNG、复制链接"],
      ["W、P、I", "导览、播放所选特征图、学习"],
      ["← →、Page ↑ ↓", "上一层或下一层，选最强的单元"],
      ["Tab，再按方向键", "到画板或某一层，移动笔或单元"],
      ["空格", "在画板上：落笔或抬笔"],
      ["X", "关闭或打开所选特征图"],
      ["R", "还原滑块，修复网络"],
      ["F、D、T、L", "全屏、深浅色、大字、语言"],
      ["Esc、?", "离开单元，显示按键"],
    ],
  ],
};

let language = navigator.language.startsWith("zh") ? "zh" : "en";

/** What the page says for a key, with values filled in. */
function say(key, ...values) {
  const words = WORDS[key][LANGUAGES.indexOf(language)];
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
