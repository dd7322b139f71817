/* Numbers and arrays of them. */

function short(x) {
  if (typeof x !== "number") return String(x); // nan and inf come as text
  if (x === 0 || Number.isInteger(x) && Math.abs(x) < 1e6) return String(x).replace("-", "−");
  const size = Math.abs(x);
  return (size >= 1e-3 && size < 1e6 ? String(+x.toPrecision(5)) : x.toExponential(3)).replaceAll("-", "−");
}

function rows(entries) {
  return html("table", {}, html("tbody", {}, ...entries.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => html("tr", {}, html("th", { scope: "row" }, name), html("td", {}, value)))));
}

/* The numbers of a small array; of a large one the range, mean and norm, a histogram, and a heat map of its corner. */
function numbers(title, found, kind) {
  if (!found) return [];
  const made = [html("h3", {}, title)];
  if (found.numbers) {
    const texts = found.numbers.map(short), columns = found.columns || texts.length, wide = Math.max(...texts.map((text) => text.length));
    const lines = [];
    for (let i = 0; i < texts.length; i += columns) lines.push(texts.slice(i, i + columns).map((text) => text.padStart(wide)).join("  "));
    made.push(html("pre", {}, lines.join("\n")));
  }
  if (found.min !== undefined)
    made.push(rows([["range", `${short(found.min)} … ${short(found.max)}`], ["mean", short(found.mean)], ["norm", short(found.norm)], ["not finite", found.strange || ""]]));
  if (found.bars) {
    const most = Math.max(...found.bars, 1), bars = html("div", { className: `bars ${kind}` });
    bars.setAttribute("role", "img");
    bars.setAttribute("aria-label", `Histogram of ${found.of}: ${found.bars.join(", ")}`);
    bars.append(...found.bars.map((n) => { const bar = html("i", { title: String(n) }); bar.style.height = `${Math.round(100 * n / most)}%`; return bar; }));
    made.push(bars, html("div", { className: "ends" }, html("span", {}, short(found.min)), html("span", {}, found.of), html("span", {}, short(found.max))));
  }
  if (found.map) made.push(...heatMap(found.map));
  return made;
}

/* A square for each number: red above 0, blue below, the stronger the larger; violet where it is not finite. */
function heatMap({ slice, top, zero, shades, rows: lines }) {
  const share = (letter) => (letter.charCodeAt(0) - zero) / shades; // of the largest magnitude
  const size = Math.max(4, Math.min(14, Math.floor(300 / lines[0].length)));
  const canvas = html("canvas", { className: "heat", width: size * lines[0].length, height: size * lines.length });
  const brush = canvas.getContext("2d");
  lines.forEach((line, y) => [...line].forEach((letter, x) => {
    const shade = share(letter);
    brush.fillStyle = letter === "!" ? "#c0f" : shade < 0 ? `rgba(41, 105, 208, ${-shade})` : `rgba(214, 74, 30, ${shade})`;
    brush.fillRect(x * size, y * size, size - (size > 6), size - (size > 6));
  }));
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", `Heat map of the slice ${slice}, from −${short(top)} in blue to ${short(top)} in red`);
  const key = html("span", { className: "key" }), place = html("code", {}, slice);
  canvas.addEventListener("pointermove", (event) => {
    const box = canvas.getBoundingClientRect();
    const y = Math.floor((event.clientY - box.top) / box.height * lines.length), x = Math.floor((event.clientX - box.left) / box.width * lines[0].length);
    const letter = lines[y]?.[x];
    if (letter) place.textContent = `${elementOf(slice, y, x)} ≈ ${letter === "!" ? "not finite" : short(+(share(letter) * top).toPrecision(3))}`;
  });
  canvas.addEventListener("pointerleave", () => { place.textContent = slice; });
  return [canvas, html("div", { className: "ends" }, html("span", {}, place), html("span", {}, `−${short(top)} `, key, ` ${short(top)}`))];
}

/* The index of a number in a slice, such as [0, 2, 5] in [0, :, :64]. */
function elementOf(slice, y, x) {
  const places = slice.includes(",") ? [y, x] : [x];
  const names = slice.slice(1, -1).split(", "), first = names.length - places.length;
  return `[${[...names.slice(0, first), ...places].join(", ")}]`;
}
