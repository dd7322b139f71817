// One head in detail: its map, how it makes its output at the chosen token, and one of its scores, number by number.

import { element, paintSigned } from "./explorer.js";
import { drawMap, quoted, shown, unpacked } from "./gpt-parts.js";

const number = (value, digits = 3) => Charts.number(value, digits);
const HEAVIEST = 12; // tokens of a longer text that the table shows at first
const get = (id) => document.getElementById(id);

export class Detail {
  /** `choose(position)` is called when a row of the map is chosen, `open(layer, head)` for another head. */
  constructor({ choose, open }) {
    for (const name of ["layer", "head"]) {
      get(name).addEventListener("change", () => open(Number(get("layer").value), Number(get("head").value)));
    }
    this.key = null; // the position whose score is shown number by number; null is the one that weighs most
    this.canvas = get("map");
    const at = (event) => {
      const area = this.canvas.getBoundingClientRect(), { left, cell } = this.place;
      const index = (from, to) => Math.floor(((to - from) - left) / cell);
      const [row, column] = [index(area.top, event.clientY), index(area.left, event.clientX)];
      const T = this.names.length;
      return row >= 0 && row < T && column >= 0 && column < T ? [row, column] : null;
    };
    this.canvas.addEventListener("click", (event) => { const found = at(event); if (found) choose(found[0]); });
    this.canvas.addEventListener("pointermove", (event) => this.point(at(event)));
    this.canvas.addEventListener("pointerleave", () => this.point(null));
    get("steps").addEventListener("pointermove", (event) => this.pointStrip(event));
    get("all").addEventListener("change", () => this.showSteps());
    new ResizeObserver(() => this.found && this.draw()).observe(this.canvas.parentElement);
  }

  /** Offer the heads of a model. */
  build(layers, heads) {
    for (const [name, count] of [["layer", layers], ["head", heads]]) {
      const numbers = Array.from({ length: count }, (_, i) => element("option", { value: i }, `${i + 1}`));
      get(name).replaceChildren(...numbers);
    }
  }

  /** The head that is asked for next. */
  choose(layer, head) {
    [this.layer, this.head] = [get("layer").value, get("head").value] = [layer, head];
  }

  /** Show the answer of the server about a head, over these tokens, at a position. */
  show(found, names, position) {
    this.names = names;
    this.position = position;
    this.found = Object.fromEntries(
      Object.entries(found).map(([name, value]) => [name, value?.data === undefined ? value : unpacked(value)]));
    if (this.key !== null && this.key >= names.length) this.key = null;
    this.draw();
    this.showSteps();
    this.showNumbers();
  }

  row(name, i) {
    const D = this.found.q.length;
    return this.found[name].subarray(i * D, (i + 1) * D);
  }

  // -- the map --------------------------------------------------------------------------------------------------------

  draw() {
    const { layer, head } = this.found, what = `head ${head + 1} of layer ${layer + 1}`;
    get("detail-title").textContent = `One head in detail: ${what}`;
    const best = this.found.weights.indexOf(Math.max(...this.found.weights));
    const says = `At ${quoted(this.names[this.position])} (token ${this.position + 1}) it looks most at ` +
      `${quoted(this.names[best])} (token ${best + 1}), with ${number(this.found.weights[best])}.`;
    get("detail-says").textContent = `${says} Choose a row of the map to move to that token.`;
    this.canvas.setAttribute("aria-label", `Attention of ${what}. ${says} The table below has its numbers.`);
    this.place = drawMap(this.canvas, this.found.attention, this.names, this.position);
  }

  point(cell) {
    const T = this.names?.length;
    get("map-readout").textContent = cell === null ? "" : `${quoted(this.names[cell[0]])} (${cell[0] + 1}) looks at ` +
      `${quoted(this.names[cell[1]])} (${cell[1] + 1}) with ${number(this.found.attention[cell[0] * T + cell[1]], 4)}`;
  }

  // -- the steps ------------------------------------------------------------------------------------------------------

  showSteps() {
    const { found, names, position } = this, D = found.q.length;
    get("steps-title").textContent = `From q of ${quoted(names[position])} to what the head sends on`;
    const most = (name) => Math.max(...found[name].map(Math.abs), 1e-30);
    const strip = (array, what, scale) => {
      const canvas = element("canvas", { className: "strip", role: "img" });
      canvas.numbers = array;
      canvas.what = what;
      canvas.setAttribute("aria-label", `${what}: ${array.length} numbers from ${number(Math.min(...array))} to ${number(Math.max(...array))}`);
      canvas.width = array.length;
      canvas.height = 1;
      paintSigned(canvas, array.map((x) => (127 * x) / scale));
      return element("td", {}, canvas);
    };
    const scales = { k: most("k"), v: most("v"), sent: most("sent"), q: most("q"), out: most("out") };
    const cell = (text) => element("td", { className: "number" }, text);
    let order = [...names.keys()];
    get("all").parentElement.hidden = order.length <= HEAVIEST;
    get("all-says").textContent = `all ${order.length} tokens, not the ${HEAVIEST} heaviest`;
    if (order.length > HEAVIEST && !get("all").checked) {
      order = order.sort((i, j) => found.weights[j] - found.weights[i]).slice(0, HEAVIEST);
    }
    const rows = order.map((j) => {
      const name = names[j];
      const seen = found.seen[j], choose = () => { this.key = j; this.showNumbers(); };
      const bar = element("i", { className: "bar" });
      bar.style.width = `${100 * found.weights[j]}%`;
      return element("tr", { className: seen ? "" : "masked" },
        element("th", { scope: "row" }, element("button", {
          className: "chip key", onclick: choose, value: j, "aria-label": `Show the score of ${name}, token ${j + 1}, number by number`,
        }, shown(name)), element("span", { className: "which" }, ` ${j + 1}`)),
        strip(this.row("k", j), `k of ${quoted(name)}`, scales.k),
        cell(number(found.products[j])), cell(number(found.scaled[j])), cell(seen ? "seen" : "masked: −∞"),
        element("td", { className: "number weight" }, element("span", { className: "gauge" }, bar), number(found.weights[j])),
        strip(this.row("v", j), `v of ${quoted(name)}`, scales.v),
        strip(this.row("sent", j), `a·v of ${quoted(name)}`, scales.sent));
    });
    const heading = ["token j", "k", "q · k", `÷ √${D}`, "mask", "softmax: a", "v", "a · v"];
    const q = element("tr", {}, element("th", { scope: "row" }, `q of ${quoted(names[position])}`),
      strip(found.q, `q of ${quoted(names[position])}`, scales.q), element("td", { colSpan: 6 }));
    const end = (name, what) => element("tr", {}, element("th", { scope: "row", colSpan: 7 }, what),
      strip(found[name], what, scales.out));
    get("steps").replaceChildren(
      element("thead", {}, element("tr", {}, ...heading.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, q, ...rows),
      element("tfoot", {}, end("out", `the sum over all ${names.length} tokens: Σ a · v`), end("model_out", "the model’s own output of this head")));
    get("check").textContent = `The sum, worked out here step by step, differs from the model’s own output by at most ` +
      `${number(found.difference, 2)}. Point at a strip to read its numbers: blue is above 0, orange below.`;
    get("strip-readout").textContent = "";
  }

  pointStrip(event) {
    const canvas = event.target;
    if (!canvas.numbers) return;
    const area = canvas.getBoundingClientRect();
    const d = Math.min(Math.max(Math.floor((canvas.numbers.length * (event.clientX - area.left)) / area.width), 0), canvas.numbers.length - 1);
    get("strip-readout").textContent = `${canvas.what}, number ${d + 1} of ${canvas.numbers.length}: ${number(canvas.numbers[d], 4)}`;
  }

  // -- one score ------------------------------------------------------------------------------------------------------

  showNumbers() {
    const { found, names, position } = this, D = found.q.length;
    const j = this.key ?? found.weights.indexOf(Math.max(...found.weights));
    for (const button of get("steps").querySelectorAll(".key")) button.setAttribute("aria-pressed", Number(button.value) === j);
    const [k, v, sent] = ["k", "v", "sent"].map((name) => this.row(name, j));
    get("numbers-title").textContent = `One score, number by number: ${quoted(names[position])} to ${quoted(names[j])} (token ${j + 1})`;
    const cells = (...values) => values.map((value) => element("td", { className: "number" }, number(value)));
    const rows = Array.from({ length: D }, (_, d) => element("tr", {},
      element("th", { scope: "row" }, `${d + 1}`), ...cells(found.q[d], k[d], found.q[d] * k[d], v[d], sent[d])));
    const foot = element("tr", {}, element("th", { scope: "row" }, "sum"), element("td"), element("td"),
      ...cells(found.products[j]), element("td", { colSpan: 2 }));
    const heading = ["feature", "q", "k", "q × k", "v", `${number(found.weights[j])} × v`];
    get("numbers").replaceChildren(
      element("thead", {}, element("tr", {}, ...heading.map((text) => element("th", { scope: "col" }, text)))),
      element("tbody", {}, ...rows), element("tfoot", {}, foot));
  }
}
