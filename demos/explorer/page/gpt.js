import { ask, element, latest, percent } from "./explorer.js";
import { quoted, shown, spoken, unpacked } from "./gpt-parts.js";
import { Heads, partName } from "./gpt-heads.js";
import { Detail } from "./gpt-detail.js";

const { number } = Charts;
const get = (id) => document.getElementById(id);
const prompt = get("prompt"), model = get("model"), message = get("message");
const sliders = ["temperature", "top_k", "top_p"];
const PACE = 40; // milliseconds that a generated token stays, at least

let models = [], facts = null, seen = null;
let position = null; // of the chosen token; null is the last
let running = null; // what stands for the text that is being generated
const earlier = []; // prompts that "Undo" goes back to

const heads = new Heads({ change: () => { showEffect(); look(); }, open: scrollToHead, worth });
const detail = new Detail({ choose: choosePosition, open: openHead });

// -- asking ---------------------------------------------------------------------------------------------------------

function question() {
  const asked = { model: model.value, prompt: prompt.value, off: heads.off(), layer: detail.layer, head: detail.head };
  for (const name of sliders) asked[name] = Number(get(name).value);
  if (position !== null) asked.position = position;
  return asked;
}

/** The answer to a question of this page, or null: then the message below the prompt says why. */
async function answer(name, more = {}) {
  try {
    const found = await ask(name, { ...question(), ...more }, (text) => { if (text) say(text); });
    say(found.problem ?? "");
    if (!found.problem) return found;
  } catch { /* `ask` has said why */ }
  document.querySelector("main").classList.add("stale");
  return null;
}

function say(text) {
  if (message.textContent !== text) message.textContent = text; // what is said again is not read out again
}

const look = latest(async () => {
  if (running) return; // the next step shows it
  const asked = prompt.value, found = await answer("gpt/look");
  if (found && prompt.value === asked) show(found);
});

/** Append one token, unless the prompt was changed meanwhile, or it is no longer `wanted`. Returns whether it was. */
async function takeStep(wanted = () => true) {
  const asked = prompt.value;
  position = null;
  heads.showCosts(null);
  const found = await answer("gpt/step");
  if (!found || prompt.value !== asked || !wanted()) return false;
  if (found.ended) {
    show(found);
    say("The model ended the text here.");
    return false;
  }
  prompt.value = found.prompt;
  prompt.scrollTop = prompt.scrollHeight;
  show(found);
  return true;
}

async function generate() {
  const mine = {}, wanted = () => running === mine;
  remember();
  setRunning(mine);
  for (let left = Number(get("count").value) || 1; left > 0 && wanted(); left--) {
    const pause = new Promise((resolve) => setTimeout(resolve, PACE));
    if (!(await takeStep(wanted))) break;
    await pause;
  }
  if (wanted()) setRunning(null);
}

function stop() {
  setRunning(null);
  look(); // sliders and switches may have been moved since the last token
}

function setRunning(value) {
  running = value;
  get("generate").textContent = running ? "Stop" : "Generate";
  get("generate").setAttribute("aria-pressed", running !== null);
  get("step").disabled = running !== null;
  get("summary").ariaLive = get("effect").ariaLive = running ? "off" : "polite"; // not every token is read out
}

function remember() {
  if (earlier.at(-1) !== prompt.value) earlier.push(prompt.value);
  get("undo").disabled = false;
}

function changePrompt(text) {
  prompt.value = text;
  position = null;
  heads.showCosts(null);
  look();
}

function choosePosition(i) {
  position = i === seen.tokens.length - 1 ? null : i;
  heads.showCosts(null);
  look();
}

function openHead(layer, head) {
  detail.choose(layer, head);
  heads.mark(layer, head);
  look();
}

function scrollToHead(layer, head) {
  openHead(layer, head);
  get("detail").scrollIntoView();
}

/** Asks for the costs layer by layer, so that they come as they are found, and until the prompt is changed. */
async function worth() {
  const asked = JSON.stringify([model.value, prompt.value, position]), costs = [];
  for (const parts of heads.layersOfParts()) {
    const found = await answer("gpt/costs", { parts });
    if (!found || asked !== JSON.stringify([model.value, prompt.value, position])) return;
    costs.push(...found.costs);
    heads.showCosts(costs);
  }
}

// -- showing --------------------------------------------------------------------------------------------------------

function show(found) {
  seen = found;
  document.querySelector("main").classList.remove("stale");
  const names = found.tokens.map(([text]) => text);
  showTokens();
  showBars();
  showEffect();
  heads.show(unpacked(found.maps), names, found.position);
  detail.show(found.head, names, found.position);
  showLens();
}

function showTokens() {
  const chips = seen.tokens.map(([text, p], i) => {
    const chip = element("button", {
      className: "chip", tabIndex: i === seen.position ? 0 : -1, "aria-pressed": i === seen.position,
      "aria-label": p === null ? spoken(text) : `${spoken(text)}, was expected with ${percent(p)}`,
      title: p === null ? "the first token that the model sees" : `expected with ${percent(p)}`,
      onclick: () => choosePosition(i),
    }, shown(text), element("i", { className: "expected" }));
    chip.lastChild.style.width = `${100 * (p ?? 0)}%`;
    return chip;
  });
  const box = get("tokens"), focused = box.contains(document.activeElement);
  const cut = seen.cut ? [element("span", { className: "note" },
    `${seen.cut.toLocaleString("en")} earlier tokens are out of sight: the last ${facts.context} are seen.`)] : [];
  box.replaceChildren(...cut, ...chips);
  const chosen = chips[seen.position];
  if (focused) chosen.focus();
  box.scrollTop = chosen.offsetTop - box.clientHeight / 2;
}

function showBars() {
  const { rows, others, left } = seen.distribution, changed = seen.moved !== null;
  const ghost = changed ? "before" : "raw", compared = changed || rows.some((row) => Math.abs(row.p - row.raw) > 1e-9);
  const highest = Math.max(...rows.map((row) => Math.max(row.p, row[ghost])), 1e-9);
  const bar = (row, label, piece) => {
    const main = element("i", { className: "bar" }), outline = element("i", { className: "ghost" });
    main.style.width = `${(100 * row.p) / highest}%`;
    outline.style.width = `${(100 * row[ghost]) / highest}%`;
    outline.hidden = !compared || row[ghost] < 0.005 * highest;
    const inside = [
      element("span", { className: "label" }, label),
      element("span", { className: "gauge" }, main, outline),
      element("span", { className: "share" }, percent(row.p)),
      element("span", { className: "share was" }, compared ? percent(row[ghost]) : ""),
    ];
    if (piece === undefined) return element("li", { className: "share-row" }, ...inside);
    const append = () => { remember(); changePrompt(prompt.value + piece); };
    const was = compared ? `, ${changed ? "before" : "at temperature 1"} ${percent(row[ghost])}` : "";
    const says = `Append ${spoken(row.text)}: ${percent(row.p)}${was}`;
    const whole = piece !== "" && !piece.includes("\ufffd"); // not a part of a character
    return element("li", {}, element("button", { className: "share-row", disabled: !whole, onclick: append, "aria-label": says }, ...inside));
  };
  const list = rows.map((row) => bar(row, shown(row.text), row.piece));
  if (others.count) list.push(bar(others, `${others.count.toLocaleString("en")} others`));
  const focused = [...get("bars").children].findIndex((item) => item.contains(document.activeElement));
  get("bars").replaceChildren(...list);
  list[focused]?.firstChild.focus?.();
  get("legend").replaceChildren(...(compared ? [
    element("i", { className: "key" }), changed ? " now " : " with these settings ", element("i", { className: "key outline" }),
    changed ? " with nothing switched off" : " at temperature 1, with nothing left out"] : []));
  const best = rows.reduce((a, b) => (b.p > a.p ? b : a));
  const after = seen.tokens[seen.position][0];
  get("summary").textContent = `After ${quoted(after)}, ${quoted(best.text)} is likeliest (${percent(best.p)}); ` +
    `${left.toLocaleString("en")} of ${facts.vocab_size.toLocaleString("en")} tokens can be drawn.`;
}

function showEffect() {
  const off = heads.off();
  if (!off.length || !seen || seen.moved === null) {
    get("effect").textContent = get("effect-here").textContent = "";
    return;
  }
  const highest = (name) => seen.distribution.rows.reduce((a, b) => (b[name] > a[name] ? b : a));
  const was = highest("before"), is = highest("p");
  get("effect").textContent = get("effect-here").textContent = `Without ${off.map(partName).join(", ")}: ${quoted(was.text)} had ` +
    `${percent(was.before)}, now ${quoted(is.text)} has ${percent(is.p)}. The prediction moved by ` +
    `${number(seen.moved)} nats (KL divergence).`;
}

function showLens() {
  const rows = seen.guesses.map(({ top, final }, i) => {
    const name = i === 0 ? "embedding" : `after layer ${i}`;
    const cells = top.map(([text, p]) => {
      const cell = element("td", {}, element("b", {}, shown(text)), ` ${percent(p)}`);
      cell.style.setProperty("--share", `${Math.round(80 * p)}%`);
      return cell;
    });
    return element("tr", {}, element("th", { scope: "row" }, name), ...cells, element("td", { className: "final" }, percent(final)));
  });
  const answerText = seen.guesses.at(-1).top[0][0];
  const heading = ["", "1st", "2nd", "3rd", "4th", "5th"].slice(0, seen.guesses[0].top.length + 1);
  const head = [...heading, `gives ${quoted(answerText)}`].map((text) => element("th", { scope: "col" }, text));
  get("lens").replaceChildren(element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows));
}

function showSliders() {
  for (const name of sliders) {
    const value = Number(get(name).value);
    let text = value.toFixed(2);
    if (name === "temperature" && value === 0) text = "0: the likeliest";
    if (name === "top_k") text = value ? `${value} tokens` : "all";
    if (name === "top_p" && value === 1) text = "all";
    document.querySelector(`output[for=${name}]`).textContent = text;
    get(name).setAttribute("aria-valuetext", text);
  }
}

// -- events ---------------------------------------------------------------------------------------------------------

function chooseModel() {
  facts = models.find(({ name }) => name === model.value);
  get("facts").textContent = `${facts.n_layer} layers of ${facts.n_head} heads with ${facts.head_size} features each · ` +
    `${facts.weights.toLocaleString("en")} weights · a context of ${facts.context} tokens · ` +
    `a vocabulary of ${facts.vocab_size.toLocaleString("en")}`;
  get("hint").textContent = facts.hint;
  get("top_k").max = Math.min(facts.vocab_size, 50);
  earlier.length = 0;
  get("undo").disabled = true;
  heads.build(facts.n_layer, facts.n_head);
  detail.build(facts.n_layer, facts.n_head);
  detail.choose(0, 0);
  heads.mark(0, 0);
  showSliders();
  changePrompt(facts.prompt);
}

prompt.addEventListener("input", () => {
  setRunning(null);
  position = null;
  heads.showCosts(null);
  look();
});
for (const name of sliders) get(name).addEventListener("input", () => { showSliders(); look(); });
model.addEventListener("change", () => { setRunning(null); chooseModel(); });
get("generate").addEventListener("click", () => (running ? stop() : generate()));
let steps = Promise.resolve();
get("step").addEventListener("click", () => { steps = steps.then(() => { remember(); return takeStep(); }); });
get("undo").addEventListener("click", () => {
  setRunning(null);
  changePrompt(earlier.pop());
  get("undo").disabled = !earlier.length;
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && running) stop();
  if (event.key === "Enter" && event.ctrlKey && !running) generate();
});
get("tokens").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity }[event.key];
  if (step === undefined) return;
  event.preventDefault();
  choosePosition(Math.min(Math.max(seen.position + step, 0), seen.tokens.length - 1));
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => seen && show(seen));

({ models } = await ask("gpt/models"));
model.replaceChildren(...models.map(({ name, title }) => element("option", { value: name }, title)));
chooseModel();
