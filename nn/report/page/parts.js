// What the charts are made of: elements, numbers, axes, and a frame that reads out the values.

const DASHES = ["", "7 3", "2 3", "9 3 2 3", "5 2", "1 2"];
const colour = (i) => `var(--series-${i % 6})`, dash = (i) => DASHES[(i + Math.floor(i / 6)) % 6];

function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}
function html(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}
function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null));
  return element;
}

// Numbers and axes ------------------------------------------------------------------------------------------------

const SMALL = [..."⁰¹²³⁴⁵⁶⁷⁸⁹"];
function power(n) {
  return "10" + (n < 0 ? "⁻" : "") + [...String(Math.abs(n))].map((digit) => SMALL[digit]).join("");
}
function number(value, digits = 4) {
  if (value === null || value === undefined) return "not finite";
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-4 && size < 1e7)) {
    return value.toLocaleString("en", { maximumSignificantDigits: size >= 1000 ? Math.max(digits, 7) : digits }).replace("-", "−");
  }
  const [head, exponent] = value.toExponential(Math.max(digits - 2, 0)).split("e");
  const factor = head.replace(/\.?0+$/, "").replace("-", "−");
  return (factor === "1" ? "" : `${factor} × `) + power(Number(exponent));
}

function ticks({ low, high, whole }, log, most) {
  if (log) {
    const found = [], decades = Math.log10(high / low), step = Math.max(1, Math.ceil(decades / most));
    const factors = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1];
    for (let n = Math.floor(Math.log10(low)); n <= Math.log10(high); n++) {
      for (const factor of n % step ? [] : factors) found.push(Number(`${factor}e${n}`));
    }
    const within = found.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
    if (within.length > 1) return within;
  }
  const raw = Math.max((high - low) / most, whole ? 1 : 0), size = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * size >= raw * 0.999) * size;
  const found = [];
  for (let i = Math.ceil(low / step - 1e-9); i <= Math.floor(high / step + 1e-9); i++) found.push(Number((i * step).toPrecision(12)));
  return found;
}

function scale(axis, values, from, to, room) {
  let usable = values.filter((value) => value !== null && (!axis.log || value > 0));
  if (!usable.length) usable = axis.log ? [0.1, 1] : [0, 1];
  let low = usable.reduce((a, b) => Math.min(a, b)), high = usable.reduce((a, b) => Math.max(a, b));
  if (low === high) [low, high] = axis.log ? [low / 2, high * 2] : [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
  const f = axis.log ? Math.log10 : (value) => value, edge = (f(high) - f(low)) * room;
  const start = f(low) - (room && low >= 0 && !axis.log ? Math.min(edge, low) : edge), end = f(high) + edge;
  const place = (value) => (value === null || (axis.log && value <= 0) ? null : from + ((f(value) - start) / (end - start)) * (to - from));
  return { place, low: axis.log ? 10 ** start : start, high: axis.log ? 10 ** end : end, whole: values.every(Number.isInteger) };
}

// What all charts have: title, keys, a line that reads out, the drawing, caption, the numbers --------------------------

function frame(figure, chart, keys, label) {
  const open = figure.querySelector("details")?.open;
  const read = html("output", { class: "read", "aria-live": "polite" });
  const width = Math.max(figure.clientWidth, 200);
  const drawing = svg("svg", { role: "img", tabindex: 0, "aria-label": `${chart.title}. ${label} The arrow keys read out the values.` });
  const details = html("details", { open }, html("summary", {}, "Numbers"));
  const show = () => {
    if (details.open && details.children.length === 1) details.append(html("div", { class: "scroll", tabindex: 0 }, TABLES[chart.kind](chart)));
  };
  details.addEventListener("toggle", show);
  show();
  figure.replaceChildren(
    ...[...figure.children].filter((child) => child.tagName === "SCRIPT"),
    html("h3", {}, chart.title), keys, read, drawing, html("figcaption", {}, chart.caption || ""), details,
  );
  return { read, drawing, width };
}

// The arrow keys and the pointer choose one of `count` places; `leave` is what happens without one.
function readable(drawing, count, at, show, leave, turn = 1) {
  let chosen = null;
  const choose = (place) => { chosen = place; place === null ? leave() : show(place); };
  drawing.addEventListener("pointermove", (event) => {
    const box = drawing.getBoundingClientRect();
    choose(at(event.clientX - box.left, event.clientY - box.top));
  });
  drawing.addEventListener("pointerleave", () => choose(null));
  drawing.addEventListener("blur", () => choose(null));
  drawing.addEventListener("keydown", (event) => {
    const move = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: turn, ArrowUp: -turn }[event.key];
    const ends = { Home: 0, End: count() - 1 }[event.key];
    if (move === undefined && ends === undefined) return;
    event.preventDefault();
    choose(Math.min(Math.max(ends ?? (chosen === null ? 0 : chosen + move), 0), count() - 1));
  });
  leave();
}

function table(head, rows) {
  const cells = (tag, line) => html("tr", {}, ...line.map((cell, i) => html(tag, { class: i ? null : "text", scope: tag === "th" ? "col" : null }, cell)));
  return html("table", {}, html("thead", {}, cells("th", head)), html("tbody", {}, ...rows.map((line) => cells("td", line))));
}

function axes(drawing, x, y, across, up, box) {
  for (const [axis, line, horizontal] of [[x, across, true], [y, up, false]]) {
    if (!line) continue;
    const room = horizontal ? (box.right - box.left) / 60 : (box.bottom - box.top) / 38;
    let end = -Infinity;
    for (const tick of ticks(line, axis.log, room)) {
      const at = line.place(tick), text = number(tick, 3);
      if (horizontal) {
        drawing.append(svg("line", { class: "tick", x1: at, x2: at, y1: box.top, y2: box.bottom }));
        if (at - text.length * 3.4 < end) continue;
        end = at + text.length * 3.4 + 6;
        drawing.append(svg("text", { x: at, y: box.bottom + 16, "text-anchor": "middle" }, text));
      } else {
        if (at > box.bottom + 1 || at < box.top - 1) continue;
        drawing.append(svg("line", { class: "tick", x1: box.left, x2: box.right, y1: at, y2: at }));
        drawing.append(svg("text", { x: box.left - 6, y: at + 4, "text-anchor": "end" }, text));
      }
    }
  }
  drawing.append(svg("line", { class: "base", x1: box.left, x2: box.right, y1: box.bottom, y2: box.bottom }));
  drawing.append(svg("text", { x: box.right, y: box.bottom + 32, "text-anchor": "end" }, x.label));
}
