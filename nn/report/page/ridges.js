// Histograms, one below another.

function ridges(figure, chart) {
  const keys = html("ul", { class: "keys" }, ...chart.names.map((name, i) => html("li", {}, sample(i), ` ${name}`)));
  const { read, drawing, width } = frame(figure, chart, keys, `${chart.rows.length} rows of histograms.`);
  const all = chart.rows.flatMap((row) => row.histograms.filter(Boolean));
  const narrow = width < 400, longest = Math.max(...chart.rows.map((row) => row.name.length), 0);
  const box = { left: narrow ? 4 : Math.min(longest * 6.6 + 12, width * 0.4), right: width - 12, top: 8 };
  const tall = (narrow ? 18 : 0) + Math.min(Math.max(Math.round(260 / chart.rows.length), 26), 54);
  box.bottom = box.top + chart.rows.length * tall + 6;
  const value = (place) => (chart.x.log ? 10 ** place : place);
  const across = scale(chart.x, all.flatMap((h) => [value(h.low), value(h.high)]), box.left, box.right, 0.01);
  const at = (place) => across.place(value(place)).toFixed(1);
  drawing.setAttribute("viewBox", `0 0 ${width} ${box.bottom + 38}`);
  axes(drawing, chart.x, {}, across, null, box);
  chart.rows.forEach((row, r) => {
    const base = box.top + (r + 1) * tall;
    drawing.append(svg("text", { class: "name", x: narrow ? 4 : box.left - 8, y: narrow ? base - tall + 14 : base - 6, "text-anchor": narrow ? "start" : "end" }, row.name));
    row.histograms.forEach((h, i) => {
      if (!h) return;
      const step = (h.high - h.low) / h.counts.length, most = Math.max(...h.counts, 1);
      let path = `M${at(h.low)} ${base}`;
      h.counts.forEach((count, k) => { path += `L${at(h.low + (k + 0.5) * step)} ${(base - (count / most) * (tall - (narrow ? 18 : 3))).toFixed(1)}`; });
      drawing.append(svg("path", { class: "ridge", d: `${path}L${at(h.high)} ${base}Z`, fill: tint(i), stroke: tint(i), "stroke-dasharray": DASHES[i] }));
    });
  });
  readable(
    drawing, () => chart.rows.length,
    (_, py) => chart.rows.length ? Math.min(Math.max(Math.floor((py - box.top) / tall), 0), chart.rows.length - 1) : null,
    (r) => {
      const last = chart.rows[r].histograms.findLastIndex(Boolean);
      read.textContent = last < 0 ? `${chart.rows[r].name}: nothing` : `${chart.rows[r].name}, ${chart.names[last]}: ${figures(chart.rows[r].histograms[last])}`;
    },
    () => { read.textContent = "the height is the share of the numbers"; },
  );
  function tint(i) { return colour([1, 2, 0][i + 3 - chart.names.length]); }
  function sample(i) { return svg("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, svg("rect", { class: "ridge", width: 26, height: 12, fill: tint(i), stroke: tint(i), "stroke-dasharray": DASHES[i] })); }
}
function figures(h) {
  return Object.entries(h.figures).map(([name, value]) => `${name} ${name === "zeros" || name === "not finite" ? `${number(100 * value, 3)} %` : number(value, 3)}`).join(", ");
}
