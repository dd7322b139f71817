import { ask, complain, element, latest, number, paintSigned } from "./explorer.js";

const $ = (id) => document.getElementById(id);
const { draw } = Charts;
let lesson = null, playing = false, chosenHead = [0, 0], seen = null, earlier = [];

// Beginning --------------------------------------------------------------------------------------------------------------

const SETTINGS = ["subject", "text", "optimizer", "rate", "seed"];
/** Begin a lesson, or go on with the one that is named, if the server still has it. */
const begin = doing(async (named = "") => {
  playing = false;
  showPlaying(true);
  const begun = await ask("training/begin", {
    lesson: named, subject: $("subject").value, text: $("text").value, optimizer: $("optimizer").value,
    rate: Number($("rate").value), seed: Number($("seed").value),
  }).finally(() => showPlaying());
  lesson = begun.lesson;
  earlier = [];
  $("about").textContent = `A GPT of ${begun.layers} layers with ${begun.heads} heads each, ${begun.parameters.toLocaleString("en")} weights and ` +
    `a vocabulary of ${begun.vocabulary} tokens. Its weights begin as random numbers. Let it take a step, or a thousand.`;
  $("lines").replaceChildren(...begun.lines.map((text) => element("li", {}, element("code", { textContent: text }))));
  $("matrix").replaceChildren(...begun.matrices.map((name) => element("option", { textContent: name })));
  $("matrix").value = "W_Q of layer 1";
  $("nudged").replaceChildren();
  $("pace").textContent = "–";
  choose(0, 0);
  show(begun);
});
$("setup").addEventListener("submit", (event) => { event.preventDefault(); begin(); });
$("subject").addEventListener("change", () => {
  const own = $("subject").value === "own";
  $("own").hidden = !own;
  if (own) $("text").focus();
  else begin();
});
$("optimizer").addEventListener("change", () => {
  $("rate").value = $("optimizer").value === "SGD" ? "0.1" : "0.004";
  if ($("subject").value !== "own" || $("text").value) begin();
});

// The loop ---------------------------------------------------------------------------------------------------------------

/** Ask about the lesson that there is. */
const of = (question, members = {}) => ask(`training/${question}`, { lesson, ...members });
const rate = () => Number($("rate").value);

function show(state, ran = null) {
  $("step").textContent = state.step.toLocaleString("en");
  $("loss").textContent = state.loss === null ? "–" : number(state.loss);
  $("held-out").textContent = number(state.held_out);
  $("undo").disabled = !state.undo;
  $("said").textContent = state.said || (state.loss === null ? "Nothing has run yet. The marked line is the next one." : "The training is where it was.");
  [...$("lines").children].forEach((line, i) => {
    line.classList.toggle("ran", ran === "all" || ran === i);
    if (i === state.next && ran !== "all") line.setAttribute("aria-current", "step");
    else line.removeAttribute("aria-current");
  });
}

/** Name the buttons, of which none can be used while a training begins. */
function showPlaying(beginning = false) {
  $("play").textContent = playing ? "Pause" : "Play";
  $("play").disabled = beginning;
  for (const id of ["one", "line"]) $(id).disabled = playing || beginning;
  $("loop").classList.toggle("playing", playing);
}

async function play() {
  let first = true, shown = 0, drawn = 0;
  while (playing) {
    const before = Number($("step").textContent.replaceAll(",", "")), start = performance.now(), mine = lesson;
    const state = await of("run", { count: 100, rate: rate(), keep: first });
    if (lesson !== mine) return;
    first = false;
    show(state, "all");
    $("said").textContent = "All four lines run, over and over.";
    $("pace").textContent = number((1000 * (state.step - before)) / (performance.now() - start), 2);
    if (performance.now() - drawn > 500) { await charts(); drawn = performance.now(); }
    if (performance.now() - shown > 1500) { await Promise.all([look(), picture()]); shown = performance.now(); }
  }
}

/** Work that changes the lesson: one at a time, and afterwards everything is shown anew. */
function doing(work) {
  return latest(async (...given) => {
    complain("");
    mark(1);
    try {
      await work(...given);
    } finally {
      await Promise.all([charts(), look(), picture()]).finally(() => mark(-1));
    }
  });
}
let running = 0;
/** Note that work has begun, or ended; screen readers wait for its end. */
function mark(change) {
  running += change;
  $("main").setAttribute("aria-busy", String(running > 0));
}

const loop = doing(async () => {
  showPlaying();
  try {
    await play();
  } finally {
    playing = false;
    showPlaying();
  }
});
$("play").addEventListener("click", () => { playing = !playing; if (playing) loop(); });
$("one").addEventListener("click", doing(async () => show(await of("run", { count: 1, rate: rate() }), "all")));
$("line").addEventListener("click", doing(async () => {
  const state = await of("line");
  show(state, (state.next + 3) % 4);
}));
$("undo").addEventListener("click", doing(async () => {
  playing = false;
  show(await of("undo"));
  $("nudged").replaceChildren();
}));

async function charts() {
  const found = await of("charts");
  draw($("loss-chart"), found.loss);
  draw($("blame-chart"), found.blame);
}

// What it says, and where it looks -------------------------------------------------------------------------------------

async function look() {
  seen = await of("look");
  const known = seen.samples.some((sample) => sample.right !== null);
  const right = seen.samples.filter((sample) => sample.text === sample.right).length;
  $("samples-note").textContent = known ? `${right} of ${seen.samples.length} held-out questions, which it never learns from, are answered right.`
    : "It goes on from the beginning of the text, which is in bold.";
  $("samples").replaceChildren(...(known ? [answers(seen.samples)] : written(seen.samples[0])));
  if ($("heads").childElementCount !== seen.attention.flat().length) makeHeads();
  seen.attention.flat().forEach((head, i) => {
    const map = $("heads").children[i].querySelector("canvas");
    map.width = map.height = head.length;
    paintSigned(map, head.flat().map((share) => 127 * share));
  });
  showHead();
}

/** What is written now, and what was written earlier, when the training was half as long, and so on. */
function written({ prompt, text }) {
  const step = Number($("step").textContent.replaceAll(",", ""));
  earlier = earlier.filter((one) => one.step < step);
  const shown = [{ step, prompt, text }, ...[...earlier].reverse()];
  if (step >= 2 * (earlier.at(-1)?.step ?? -1)) earlier.push(shown[0]);
  return shown.slice(0, 6).map((one) => element("p", { className: "written" }, element("span", { textContent: `step ${one.step}` }),
    element("b", { textContent: one.prompt }), one.text));
}

function answers(samples) {
  const row = ({ prompt, text, right }) => element("tr", { className: text === right ? "right" : "" },
    element("td", { className: "text", textContent: prompt }),
    element("td", { className: "text", textContent: `${text === right ? "✓" : "✗"} ${text || "(nothing)"}` }));
  const head = element("tr", {}, ...["question", "its answer"].map((name) => element("th", { className: "text", scope: "col", textContent: name })));
  return element("table", {}, element("thead", {}, head), element("tbody", {}, ...samples.map(row)));
}

function makeHeads() {
  $("heads").replaceChildren(...seen.attention.flatMap((layer, l) => layer.map((_, h) => {
    const name = `layer ${l + 1}, head ${h + 1}`;
    const button = element("button", { "aria-label": `Show ${name}` }, element("canvas", { className: "pixels", "aria-hidden": "true" }), name);
    button.addEventListener("click", () => { chosenHead = [l, h]; showHead(); });
    return button;
  })));
}

function showHead() {
  const [l, h] = chosenHead, count = seen.attention[0].length;
  [...$("heads").children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === l * count + h)));
  const names = seen.tokens.map((token) => (token === "\n" ? "↵" : token === " " ? "␣" : token));
  draw($("head-chart"), {
    kind: "heat", title: `Layer ${l + 1}, head ${h + 1}`, caption: "", values: seen.attention[l][h], rows: names, columns: names,
    value: { label: "of the attention", log: false }, limits: [0, 1], axes: ["from", "to"],
  });
}

// One weight -------------------------------------------------------------------------------------------------------------

const picture = latest(async () => {
  const found = await of("matrix", { matrix: $("matrix").value }), [rows, columns] = found.shape;
  for (const name of ["values", "gradients"]) {
    const canvas = $(name);
    [canvas.width, canvas.height] = [columns, rows];
    canvas.style.aspectRatio = rows === 1 ? `${columns} / 4` : `${columns} / ${rows}`;
    paintSigned(canvas, found[name].values);
    dot(canvas);
    $(`${name}-size`).textContent = number(found[name].size, 3);
  }
  $("row").max = rows - 1;
  $("column").max = columns - 1;
  if (chosen().row >= rows || chosen().column >= columns) choose(0, 0);
  const place = chosen(), { value, gradient } = await of("weight", place);
  $("which").textContent = `${place.matrix}, row ${place.row}, column ${place.column}`;
  $("value").textContent = number(value, 5);
  $("gradient").textContent = number(gradient, 4);
});

function choose(row, column) {
  $("row").value = row;
  $("column").value = column;
}

/** The matrix, row and column of the weight that is chosen. */
function chosen() {
  return { matrix: $("matrix").value, row: Number($("row").value), column: Number($("column").value) };
}

/** A dot on the chosen weight. */
function dot(canvas) {
  const pen = canvas.getContext("2d");
  pen.fillStyle = getComputedStyle(document.body).color;
  pen.fillRect(chosen().column, chosen().row, 1, 1);
}

for (const id of ["values", "gradients"]) {
  $(id).addEventListener("click", (event) => {
    const box = $(id).getBoundingClientRect();
    const at = (from, size, count) => Math.min(Math.max(Math.floor((from / size) * count), 0), count - 1);
    choose(at(event.clientY - box.top, box.height, $(id).height), at(event.clientX - box.left, box.width, $(id).width));
    picture();
  });
}
for (const id of ["matrix", "row", "column"]) $(id).addEventListener("change", () => picture());

const nudge = doing(async () => {
  const { rows, ...state } = await of("nudge", { ...chosen(), delta: Number($("delta").value) });
  const texts = rows.map(({ delta, predicted, measured }, i) => [
    number(delta), number(predicted), number(measured), measured === 0 ? "–" : `${number(100 * Math.abs(predicted / measured - 1), 2)} %`,
  ].map((text) => element("td", { textContent: text })));
  const head = ["δ", "predicted: g · δ", "measured", "off by"].map((text) => element("th", { scope: "col", textContent: text }));
  const table = element("table", {}, element("caption", { textContent: "Change of the loss of this batch" }),
    element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...texts.map((cells) => element("tr", {}, ...cells))));
  show(state);
  $("nudged").replaceChildren(element("div", { className: "scroll" }, table), element("p", { className: "note",
    textContent: "The first line was done, and Undo takes it back; the others were only measured. The smaller δ, the nearer " +
      "the prediction: what it leaves out shrinks with δ², as the loss is a curve and g only its slope here." }));
});
$("nudging").addEventListener("submit", (event) => { event.preventDefault(); nudge(); });

// A page that is loaded again goes on with its training.
addEventListener("pagehide", () => {
  const settings = SETTINGS.map((name) => [name, $(name).value]);
  sessionStorage.setItem("training", JSON.stringify({ lesson, ...Object.fromEntries(settings) }));
});
const left = JSON.parse(sessionStorage.getItem("training")) ?? {};
for (const name of SETTINGS) if (name in left) $(name).value = left[name];
$("own").hidden = $("subject").value !== "own";
begin(left.lesson ?? "");
