// What the page says in English and in Chinese, and how it writes numbers and names.

const LANGUAGES = ["en", "zh"];

// In Chinese, too, a layer keeps the paper's name.
const WORDS = {
  title: ["LeNet-5: draw a digit, watch every layer", "LeNet-5：画一个数字，看每一层"],
  about: ["{0}: {1} trained weights, {2} connections. Point at any unit.", "{0}：{1} 个训练参数，{2} 个连接。请指向任意单元。"],
  language: ["中文", "English"],
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
  sample: ["Draw a sample {0}", "画样例 {0}"],
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
  isAnswer: ["The answer is {0}, {1}.", "答案是 {0}，{1}。"],
  second: ["Then {0}, {1}.", "其次是 {0}，{1}。"],
  penDown: ["Pen down", "落笔"],
  penUp: ["Pen up", "抬笔"],
  mapsOf: ["{0} maps of {1}×{2}", "{0} 张 {1}×{2} 特征图"],
  unitsOf: ["{0} units", "{0} 个单元"],
  distances: ["{0} distances² to the codes: the smallest wins", "到编码的 {0} 个距离²：最小者胜"],
  counts: ["{0} weights, {1} connections", "{0} 个参数，{1} 个连接"],
  strip: ["{0}, {1}. Arrows choose a unit, X switches its map off.", "{0}，{1}。方向键选择单元，X 关闭它的特征图。"],
  nearest: ["Nearest codes (Fig. 3):", "最近的编码（图 3）："],
  placeInMap: ["{0}, map {1}, row {2}, column {3}", "{0}，特征图 {1}，第 {2} 行，第 {3} 列"],
  placeOfUnit: ["{0}, unit {1}", "{0}，单元 {1}"],
  gives: ["gives {0}", "输出 {0}"],
  field: ["It sees {0}×{0} pixels of the input: rows {1}, columns {2}.", "它看到输入中的 {0}×{0} 像素：行 {1}，列 {2}。"],
  fieldName: ["Receptive field", "感受野"],
  switchOff: ["Switch this map off", "关闭这张特征图"],
  switchOn: ["Switch this map on", "打开这张特征图"],
  reads: ["Table I lets it read S2 maps {0}.", "按表 I，它读取 S2 的特征图 {0}。"],
  readsAll: ["It reads all six maps of S2, as in no column of Table I but the last.", "它读取 S2 的全部六张特征图；表 I 中只有最后一列如此。"],
  table: ["Table I: which S2 maps (rows) each C3 map (columns) reads", "表 I：每张 C3 特征图（列）读取哪些 S2 特征图（行）"],
  group: ["{0} map {1}: its 25 products sum to {2}", "{0} 特征图 {1}：25 个乘积之和为 {2}"],
  inputs: ["inputs", "输入"],
  kernel: ["kernel", "卷积核"],
  products: ["products", "乘积"],
  code: ["code", "编码"],
  squares: ["squared differences", "差的平方"],
  largest: ["The largest terms:", "最大的几项："],
  input: ["Input", "输入"],
  output: ["Output", "输出"],
  units: ["unit of {0}", "{0} 单元"],
  sum: ["Sum", "求和"],
  bias: ["bias", "偏置"],
  squashed: ["Squashed", "激活"],
  probability: ["Probability", "概率"],
  variant_1998: ["the network of 1998", "1998 年的网络"],
  variant_classic: ["the network as it is usually taught", "通常讲授的网络"],
  variant_dense: ["with a dense C5", "C5 为全连接层"],
  variant_sigmoid: ["with the sigmoid", "使用 sigmoid"],
  variant_tanh: ["with tanh after the subsampling too", "下采样后也用 tanh"],
  variant_modern: ["with ReLU and max pooling", "使用 ReLU 与最大池化"],
  tools: ["Clear, undo, save, samples", "清除、撤销、保存、样例"],
  link: ["Copy link", "复制链接"],
  copied: ["Copied", "已复制"],
  notCopied: ["It is in the address bar", "请从地址栏复制"],
  wrong: ["Wrong? Tell it", "错了？告诉它"],
  colon: [": ", "："],
  isNear: ["near the code of {0}", "接近 {0} 的编码"],
  likeNone: ["like no digit", "不像任何数字"],
  isSure: ["sure", "有把握"],
  unsure: ["too unsure to say", "没有把握"],
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
  soFar: ["After {0} terms", "前 {0} 项之和"],
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
  learning: ["It learns that this is {0}.", "它正在学：这是 {0}。"],
  scratching: ["Random weights learn from 600 strokes.", "随机权重正在从 600 个笔画样本学起。"],
  learned: ["It has learned.", "学会了。"],
  learnedUnlike: ["Right now, though still unlike its code: one more lesson?", "现在认对了，但仍不像它的编码：再上一课？"],
  learnedUnsure: ["Right now, though it is still unsure: one more lesson?", "现在认对了，但仍没有把握：再上一课？"],
  notYet: ["That was not enough for strokes of all kinds. Once more?", "还没有学会所有的笔画。再来一次？"],
  digitsOnly: ["Lessons and challenges are for networks that read the digits 0 to 9.", "课程和挑战只适用于识别数字 0 到 9 的网络。"],
  repairFirst: ["The network is broken: repair it first (R), then teach it.", "网络有损坏：请先修复（R），再教它。"],
  untaughtOnly: ["This counts for the network as it came: press “Forget all” under It learns first.", "只算原来的网络：请先在“它在学习”里按“全部忘掉”。"],
  notLearned: ["It could not learn this and keep the rest.", "没能学会：这与它已经会的相冲突。"],
  stopped: ["Stopped.", "已停止。"],
  undone: ["The last lesson is undone.", "上一课已撤销。"],
  forgotten: ["All lessons are forgotten.", "所有的课都忘掉了。"],
  broken: ["The steps led to no numbers any more; the lesson is undone.", "计算已发散，这一课已撤销。"],
  noWorker: ["This browser lets no page compute in a worker; the lesson is undone.", "此浏览器不允许网页使用 Worker，这一课已撤销。"],
  steps: ["{0} steps.", "{0} 步。"],
  strokesError: ["It misreads {0} of 200 other strokes", "另外 200 个笔画样本认错 {0}"],
  digitsError: ["and {0} of copies of your digits.", "，你的数字的副本认错 {0}。"],
  curves: ["Errors over the steps", "错误率随步数的变化"],
  strokesCurve: ["strokes that it does not train on", "没有训练过的笔画样本"],
  digitsCurve: ["copies of your digits", "你的数字的副本"],
  kernelsOf: ["Kernels of {0}", "{0} 的卷积核"],
  codeOf: ["Code of {0}", "{0} 的编码"],
  lead: [
    "Draw a digit, and watch each layer work it out. Point at any unit to see what it reads.",
    "画一个数字，看每一层如何计算。指向任意单元，看它读取什么。",
  ],
  walk: ["Walk", "导览"],
  walkHere: ["Take the walk: six cards", "开始导览：六张卡片"],
  threeChallenges: ["Three challenges", "三个挑战"],
  fooled: ["Your {0} was a {1} to it.", "你画的 {0}，它认成了 {1}。"],
  broke: ["A {0} became a {1} by {3} of “{2}”. Less?", "“{2}”只动 {3}，{0} 就成了 {1}。还能更少吗？"],
  turned: ["One stroke, and it reads 9.", "只用一笔，它就读成了 9。"],
  begin: ["Begin", "开始"],
  back: ["Back", "上一张"],
  next: ["Next", "下一张"],
  skip: ["Skip", "跳过"],
  halves_trained: [", with one trained coefficient and one bias a map", "，每张图有一个训练的系数和一个偏置"],
  halves_average: [" to the mean of 2×2", "：取 2×2 的平均值"],
  halves_max: [" to the largest of 2×2", "：取 2×2 的最大值"],
  f6_rbf: [
    "F6 then draws 7×12 cells: the nearer to a digit’s code, the likelier that digit.",
    "F6 画出 7×12 的格子：越接近某个数字的编码，就越可能是那个数字。",
  ],
  f6_weighs: ["The 84 units of F6 say what the ten outputs weigh.", "F6 的 84 个单元交给十个输出去加权。"],
};

// A title and a text in each language.
const CARD_WORDS = [
  [
    ["Draw", "Draw a digit with mouse, pen or finger, or press a number for a sample. The network reads while you draw."],
    ["画", "用鼠标、笔或手指画一个数字，或按数字键取样例。你一边画，网络一边读。"],
  ],
  [
    ["What it sees", "Your digit becomes 20×20 pixels, centred in 32×32, as those that it was trained on. The sliders move, turn and spoil it."],
    ["它看到的", "你的数字变成 20×20 像素，居中放入 32×32，与训练时一样。滑块可以移动、旋转或弄脏它。"],
  ],
  [
    ["Six small windows", "C1 slides six kernels of 5×5 over the picture. Purple says yes, orange says no. Point at a unit to see the window that it reads."],
    ["六个小窗口", "C1 让六个 5×5 卷积核滑过图像。紫色为正，橙色为负。指向一个单元，看它读取的窗口。"],
  ],
  [
    ["Coarser and cleverer", "S2 halves each map{0}. C3 puts the maps together; choose one of its units and press P to see its kernels slide."],
    ["更粗，也更聪明", "S2 把每张特征图缩小一半{0}。C3 把这些图组合起来；选一个单元，按 P 看卷积核滑动。"],
  ],
  [
    ["From maps to a picture of the answer", "C5 sees the whole digit. {1}"],
    ["从特征图到答案的图案", "C5 看到整个数字。{1}"],
  ],
  [
    ["The answer, and a doubt", "Each class gets its share, and the line below says how near it is. Is it wrong? Tell it: all {2} weights can learn."],
    ["答案与怀疑", "每一类得到一个概率，下面一行说明它有多近。错了？告诉它：全部 {2} 个参数都能学习。"],
  ],
];

const CHALLENGE_WORDS = [
  [
    ["Fool it", "Draw a digit that you can read and it cannot, while it is sure. Then tell it what it was, under “It learns”."],
    ["骗过它", "画一个你认得、它却很有把握地认错的数字。然后在“它在学习”中告诉它正确答案。"],
  ],
  [
    ["Break it", "Take a sample digit and move one slider, as little as you can, until the answer is another."],
    ["难倒它", "取一个样例数字，只动一个滑块，动得越少越好，直到答案改变。"],
  ],
  [["4 into 9", "Turn a 4 into a 9 by one stroke of your pen."], ["4 变 9", "用一笔把 4 变成 9。"]],
];

const KEY_WORDS = [
  [["0 … 9", "draw a sample digit"], ["0 … 9", "画样例数字"]],
  [["C, U, S, K", "clear, undo, save as PNG, copy the link"], ["C、U、S、K", "清除、撤销、存为 PNG、复制链接"]],
  [["W, P, I", "walk, play the chosen map, it learns"], ["W、P、I", "导览、播放所选特征图、学习"]],
  [["← →, Page ↑ ↓", "previous or next layer, its strongest unit"], ["← →、Page ↑ ↓", "上一层或下一层，选最强的单元"]],
  [["Tab, then arrows", "go to the pad or a layer, move the pen or the unit"], ["Tab，再按方向键", "到画板或某一层，移动笔或单元"]],
  [["Space", "on the pad: lower or lift the pen"], ["空格", "在画板上：落笔或抬笔"]],
  [["X", "switch the chosen map off or on"], ["X", "关闭或打开所选特征图"]],
  [["R", "reset the sliders, repair the network"], ["R", "还原滑块，修复网络"]],
  [["F, D, T, L", "full screen, dark or light, larger type, language"], ["F、D、T、L", "全屏、深浅色、大字、语言"]],
  [["Esc, ?", "leave the unit, show these keys"], ["Esc、?", "离开单元，显示按键"]],
];

let language = navigator.language.startsWith("zh") ? "zh" : "en";

/** That of a pair which is in the language of the page. */
function pick(pair) {
  return pair[LANGUAGES.indexOf(language)];
}

/** What the page says for a key, with values filled in, large numbers as 60,000. */
function say(key, ...values) {
  return fill(pick(WORDS[key]), ...values);
}

function fill(text, ...values) {
  return text.replace(/\{(\d)\}/g, (_, k) => values[k].toLocaleString("en"));
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
  return layer in WORDS ? say(layer) : layer.toUpperCase();
}
