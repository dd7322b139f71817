// The maps of every head, and the switches of every part.

import { element } from "./explorer.js";
import { paintShares, quoted } from "./gpt-parts.js";

const { number } = Charts;

/** The name of a part [kind, layer, head], as the page calls it: layers and heads from 1. */
export function partName([kind, layer, head]) {
  if (kind === "mask") return "the causal mask";
  if (kind === "head") return `head ${head + 1} of layer ${layer + 1}`;
  return `${kind === "mlp" ? "the MLP" : "the attention"} of layer ${layer + 1}`;
}

export class Heads {
  /** `change()` is called when a switch is changed, `open(layer, head)` when a map is chosen, `worth()` for the costs. */
  constructor({ change, open, worth }) {
    this.change = change;
    this.open = open;
    this.box = document.getElementById("layers");
    this.readout = document.getElementById("readout");
    this.reset = document.getElementById("reset");
    this.mask = document.getElementById("mask");
    this.mask.what = ["mask", 0, 0];
    this.mask.addEventListener("change", () => this.changed());
    this.reset.addEventListener("click", () => {
      for (const box of this.boxes()) box.checked = true;
      this.changed();
    });
    document.getElementById("costs").addEventListener("click", worth);
    this.box.addEventListener("focusin", (event) => this.stopAt(event.target));
    this.box.addEventListener("keydown", (event) => this.move(event));
  }

  /** Make the maps and switches of a model. */
  build(layers, heads) {
    this.layers = layers;
    this.maps = [];
    this.table = []; // of controls: two rows a layer, of its maps and of their switches, each begun by one of the whole layer
    const rows = [];
    for (let layer = 0; layer < layers; layer++) {
      const maps = [];
      for (let head = 0; head < heads; head++) maps.push(this.map(layer, head));
      const whole = element("div", { className: "whole" },
        this.box_of(["attention", layer, 0], "attention"), this.box_of(["mlp", layer, 0], "MLP"));
      rows.push(element("div", { className: "layer" },
        element("h3", {}, `Layer ${layer + 1}`), whole, element("div", { className: "head-maps" }, ...maps)));
      const [attention, mlp] = whole.querySelectorAll("input");
      this.table.push([attention, ...maps.map((map) => map.querySelector("button"))],
        [mlp, ...maps.map((map) => map.querySelector("input"))]);
    }
    this.box.replaceChildren(...rows);
    this.stopAt(this.table[0][0]);
    this.mask.checked = true;
    this.reset.disabled = true;
    this.readout.textContent = "";
  }

  map(layer, head) {
    const canvas = element("canvas", {}), mark = element("i", { className: "mark" });
    const button = element("button", {
      className: "map", "aria-label": `Open head ${head + 1} of layer ${layer + 1}`,
      onclick: () => this.open(layer, head),
      onpointermove: (event) => this.point(event, layer, head),
      onpointerleave: () => { this.readout.textContent = ""; },
    }, canvas, mark);
    this.maps.push({ layer, head, button, canvas, mark });
    return element("div", {}, button, this.box_of(["head", layer, head], `head ${head + 1}`));
  }

  box_of(part, text) {
    const box = element("input", { type: "checkbox", checked: true, onchange: () => this.changed() });
    box.what = part;
    box.setAttribute("aria-label", partName(part).replace("the ", ""));
    return element("label", { className: "switch" }, box, ` ${text}`, element("span", { className: "cost" }));
  }

  /** Make this control the one at which the Tab key stops; arrow keys lead to the others. */
  stopAt(control) {
    for (const other of this.table.flat()) other.tabIndex = other === control ? 0 : -1;
  }

  /** Go where an arrow key, Home or End leads. */
  move(event) {
    const step = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity],
      End: [0, Infinity] }[event.key];
    if (!step) return;
    event.preventDefault();
    const within = (at, length) => Math.min(Math.max(at, 0), length - 1);
    const row = this.table.findIndex((controls) => controls.includes(event.target));
    const to = this.table[within(row + step[0], this.table.length)];
    to[within(this.table[row].indexOf(event.target) + step[1], to.length)].focus();
  }

  boxes() {
    return [this.mask, ...this.box.querySelectorAll("input")];
  }

  /** The parts that are switched off. */
  off() {
    return this.boxes().filter((box) => !box.checked).map((box) => box.what);
  }

  /** All parts, in lists that are not long: the mask, then those of each layer. */
  layersOfParts() {
    const rows = [...this.box.children].map((row) => [...row.querySelectorAll("input")].map((box) => box.what));
    return [[this.mask.what], ...rows];
  }

  changed() {
    this.reset.disabled = !this.off().length;
    this.change();
  }

  /** Paint attention (L, H, T, T), of bytes, over these tokens. */
  show(attention, names, position) {
    this.attention = attention;
    this.names = names;
    const [, heads, T] = attention.shape;
    for (const { layer, head, button, canvas, mark } of this.maps) {
      const start = (layer * heads + head) * T * T;
      paintShares(canvas, attention.subarray(start, start + T * T), T, 255);
      mark.style.top = `${(100 * position) / T}%`;
      mark.style.height = `${100 / T}%`;
      button.parentElement.classList.toggle("off", !button.parentElement.querySelector("input").checked);
    }
  }

  /** Mark the head that is shown in detail. */
  mark(layer, head) {
    for (const map of this.maps) map.button.setAttribute("aria-pressed", map.layer === layer && map.head === head);
  }

  point(event, layer, head) {
    if (!this.attention) return;
    const [, heads, T] = this.attention.shape, area = event.currentTarget.getBoundingClientRect();
    const cell = (at, size) => Math.min(Math.max(Math.floor((T * at) / size), 0), T - 1);
    const row = cell(event.clientY - area.top, area.height), column = cell(event.clientX - area.left, area.width);
    const share = this.attention[((layer * heads + head) * T + row) * T + column] / 255;
    this.readout.textContent = `Layer ${layer + 1}, head ${head + 1}: ${quoted(this.names[row])} (${row + 1}) looks at ` +
      `${quoted(this.names[column])} (${column + 1}) with ${share.toFixed(2)}`;
  }

  /** Write beside each switch how far the prediction moves without its part; null takes the numbers away. */
  showCosts(costs) {
    const note = document.getElementById("costs-note");
    const found = new Map((costs ?? []).map(([kind, layer, head, nats]) => [`${[kind, layer, head]}`, nats]));
    const most = Math.max(...found.values());
    for (const box of this.boxes()) {
      const place = box.parentElement.querySelector(".cost"), nats = found.get(`${box.what}`);
      place.textContent = nats === undefined ? "" : nats < 0.005 ? "< 0.01" : nats.toFixed(2);
      place.style.setProperty("--share", `${(100 * nats) / most || 0}%`);
    }
    if (!costs) {
      note.textContent = "";
      return;
    }
    const [kind, layer, head] = costs.reduce((a, b) => (b[3] > a[3] ? b : a));
    note.textContent = "Beside each switch: by how many nats (KL divergence) the prediction moves when that part alone " +
      `is off. The most is ${number(most)}, without ${partName([kind, layer, head])}.`;
  }
}
