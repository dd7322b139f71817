import { ask, element, latest, paintInk, paintSigned, percent } from "./explorer.js";
import { Pad } from "./pad.js";

const DIGITS = [...Array(10).keys()];
const number = (value) => Charts.number(value, 3);
const $ = (id) => document.getElementById(id);
let best = null, chosen = null, target = null, frames = null, frame = 0, timer = null, seen = null;

// Drawing and the answer -----------------------------------------------------------------------------------------------

const pad = new Pad($("pad"), () => { forget(); read(); }, (words) => { $("pad-where").textContent = words; });
const read = latest(async () => show(await ask("digits/read", { ink: pad.ink() })));
const explain = latest(async () => {
  const digit = chosen ?? best;
  if (digit === null) return;
  const answer = await ask("digits/explain", { ink: pad.ink(), digit });
  if (!answer.blank) showReasons(digit, answer);
});

function makeBars(box) {
  const list = element("ol", { className: "plain", "aria-label": "Probabilities of the digits" });
  box.replaceChildren(list);
  return DIGITS.map((digit) => {
    const bar = element("i"), share = element("span", { textContent: "–" });
    const row = element("li", {}, element("b", { textContent: digit }), element("span", { className: "track" }, bar), share);
    list.append(row);
    return (p) => {
      bar.style.width = `${100 * (p ?? 0)}%`;
      share.textContent = p === null ? "–" : percent(p);
      row.classList.toggle("best", p !== null && p >= 0.5);
    };
  });
}
const bars = makeBars($("bars")), changeBars = makeBars($("change-bars"));

function show(answer) {
  document.body.classList.toggle("blank", answer.blank);
  if (answer.blank) {
    best = seen = null;
    $("verdict").textContent = "Draw a digit, or choose a sample.";
    $("seconds").textContent = "";
    bars.forEach((set) => set(null));
    for (const id of ["seen", "gradient", "integrated"]) paintInk($(id), Array(784).fill(0));
    for (const id of ["layers", "neurons"]) $(id).replaceChildren();
    return;
  }
  const p = answer.probabilities;
  best = p.indexOf(Math.max(...p));
  const words = p[best] > 0.9 ? "This is a" : p[best] > 0.5 ? "This is probably a" : "Hard to say; perhaps a";
  $("verdict").replaceChildren(`${words} `, element("strong", { textContent: best }));
  $("seconds").textContent = `Computed in ${Math.max(1000 * answer.seconds, 0.1).toFixed(1)} ms.`;
  p.forEach((share, digit) => bars[digit](share));
  seen = answer.picture;
  paintInk($("seen"), seen);
  showLayers(answer);
  explain();
}

// Layers ---------------------------------------------------------------------------------------------------------------

const pixels = (size, label) => {
  const [width, height] = size;
  return element("canvas", { width, height, className: "pixels", role: "img", "aria-label": label });
};

function showLayers({ layers, logits, neurons }) {
  $("layers").replaceChildren(...layers.map(({ values, active, size }, i) => {
    const width = values.length === 400 ? 20 : Math.ceil(Math.sqrt(2 * values.length));
    const said = `${active} of ${values.length} neurons are active, the largest with ${number(size)}`;
    const map = pixels([width, Math.ceil(values.length / width)], said);
    paintSigned(map, values);
    return element("figure", {}, map, element("figcaption", {}, element("b", { textContent: `Layer ${i + 1}: ` }), `${said}.`));
  }), element("figure", { className: "logits" }, logitBars(logits),
    element("figcaption", {}, element("b", { textContent: "Logits: " }), "one number for each digit, of any size and sign.")));
  $("neurons").replaceChildren(...neurons.map(({ neuron, activation, weights }) => {
    const map = pixels([28, 28], `weights of neuron ${neuron + 1}`);
    paintSigned(map, weights.values);
    return element("figure", {}, map, element("figcaption", { textContent: `${neuron + 1}: ${number(activation)}` }));
  }));
}

function logitBars(logits) {
  const size = Math.max(...logits.map(Math.abs)) || 1;
  return element("ol", { className: "plain signed" }, ...logits.map((value, digit) => {
    const bar = element("i", { className: value < 0 ? "down" : "up" });
    bar.style.width = `${(50 * Math.abs(value)) / size}%`;
    return element("li", {}, element("b", { textContent: digit }), element("span", { className: "track" }, bar), element("span", { textContent: number(value) }));
  }));
}

// Reasons --------------------------------------------------------------------------------------------------------------

function showReasons(digit, { gradient, integrated, sum, of_picture, of_blank }) {
  paintSigned($("gradient"), gradient.values, seen);
  paintSigned($("integrated"), integrated.values, seen);
  $("gradient").setAttribute("aria-label", `Input gradient for a ${digit}: largest ${number(gradient.size)} a pixel`);
  $("integrated").setAttribute("aria-label", `Integrated gradients for a ${digit}: largest ${number(integrated.size)} a pixel`);
  for (const place of document.querySelectorAll(".digit")) place.textContent = digit;
  $("adds-up").textContent = `They add up to ${number(sum)}: the log-odds of a ${digit} are ${number(of_blank)} for a blank ` +
    `picture and ${number(of_picture)} for yours, ${number(of_picture - of_blank)} more. (The difference of the two comes of taking 100 steps for a straight line.)`;
  press("explained", digit);
}

function choices(id, work) {
  $(id).replaceChildren(...DIGITS.map((digit) => {
    const button = element("button", { textContent: digit, "aria-pressed": "false" });
    button.addEventListener("click", () => work(digit));
    return button;
  }));
}
function press(id, digit) {
  [...$(id).children].forEach((button, i) => button.setAttribute("aria-pressed", String(i === digit)));
}
choices("explained", (digit) => { chosen = digit; press("explained", digit); explain(); });

// What would make it another -------------------------------------------------------------------------------------------

const change = latest(async () => {
  const answer = await ask("digits/change", { ink: pad.ink(), digit: target, smooth: $("smooth").checked });
  frames = { ...answer, target };
  $("player").hidden = false;
  $("time").max = frames.pictures.length - 1;
  go(0);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) go(frames.pictures.length - 1);
  else play(true);
});
choices("targets", (digit) => { target = digit; $("target").textContent = digit; press("targets", digit); change(); });
$("smooth").addEventListener("change", () => { if (target !== null && frames) change(); });

/** What was found for another drawing is put away. */
function forget() {
  play(false);
  frames = null;
  chosen = null;
  $("player").hidden = true;
  press("targets", null);
}

function go(to) {
  if (!frames) return;
  const last = frames.pictures.length - 1;
  frame = Math.min(Math.max(to, 0), last);
  $("time").value = frame;
  $("step").textContent = `step ${frame} of ${last}`;
  const now = frames.pictures[frame], before = frames.pictures[0];
  const difference = now.map((ink, i) => ink - before[i]), size = Math.max(...difference.map(Math.abs), 1);
  paintInk($("changed"), now);
  paintSigned($("difference"), difference.map((value) => (127 * value) / size));
  $("changed").setAttribute("aria-label", `The picture after ${frame} steps`);
  $("difference").setAttribute("aria-label", `The change after ${frame} steps, at most ${percent(size / 255)} of full ink`);
  $("difference-size").textContent = percent(size / 255);
  frames.probabilities[frame].forEach((p, digit) => changeBars[digit](p));
  if (frame !== last) return;
  const p = frames.probabilities[last], moved = frames.distances[last] / frames.ink;
  const reached = p[frames.target] >= 0.9;
  $("change-said").textContent = (reached ? `After ${last} steps` : `Even after ${last} steps`) +
    ` the network gives a ${frames.target} ${percent(p[frames.target])}. The picture has moved by ${percent(moved)} of the length of ` +
    "its ink." + (reached && last > 0 ? ` If you see no ${frames.target} in it, then the network decides by other traces than you do.` : "");
}

function play(on) {
  clearInterval(timer);
  timer = null;
  $("play").textContent = on ? "Pause" : "Play";
  if (!on) return;
  if (frame >= frames.pictures.length - 1) go(0);
  timer = setInterval(() => {
    go(frame + 1);
    if (frame >= frames.pictures.length - 1) play(false);
  }, 220);
}
$("play").addEventListener("click", () => play(timer === null));
$("back").addEventListener("click", () => { play(false); go(frame - 1); });
$("forward").addEventListener("click", () => { play(false); go(frame + 1); });
$("time").addEventListener("input", () => { play(false); go(Number($("time").value)); });

// The rest -------------------------------------------------------------------------------------------------------------

$("erase").addEventListener("click", () => {
  pad.eraser = !pad.eraser;
  $("erase").setAttribute("aria-pressed", String(pad.eraser));
});
$("undo").addEventListener("click", () => pad.undo());
$("clear").addEventListener("click", () => pad.clear());

const taken = DIGITS.map(() => Math.floor(Math.random() * 1000)); // another sample each time
choices("samples", latest(async (digit) => {
  const { picture } = await ask("digits/sample", { digit, number: taken[digit]++ });
  pad.put(picture);
}));
for (const button of $("samples").children) button.removeAttribute("aria-pressed");

const { sizes, parameters, test } = await ask("digits/about");
$("about").textContent = `A network of ${sizes.join(" – ")} neurons and ${parameters.toLocaleString("en")} weights reads it while ` +
  `you draw. It was trained on MNIST, and reads ${percent(test.accuracy)} of ${test.images.toLocaleString("en")} test pictures right.`;
show({ blank: true });
