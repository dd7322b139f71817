// Curves over a common axis.

function lines(figure, chart) {
  const hidden = (figure.hiddenSeries ??= new Set());
  const y = { ...chart.y, log: figure.logarithmic ?? chart.y.log };
  const again = () => lines(figure, chart);
  const keys = html("ul", { class: "keys" });
  chart.series.forEach((series, i) => {
    const sample = svg("svg", { viewBox: "0 0 26 12", "aria-hidden": "true" }, svg("line", { x1: 0, x2: 26, y1: 6, y2: 6, ...stroke(series, i) }));
    if (series.marked) sample.append(svg("circle", { cx: 13, cy: 6, r: 3.2, fill: colour(series.tone ?? i) }));
    const button = html("button", { "aria-pressed": String(!hidden.has(i)), title: "Show or hide" }, sample, series.name);
    button.addEventListener("click", () => { hidden.has(i) ? hidden.delete(i) : hidden.add(i); again(); focusKey(figure, i); });
    keys.append(html("li", {}, button));
  });
  const log = html("button", { class: "log", "aria-pressed": String(y.log), title: "Logarithmic axis" }, "log");
  log.addEventListener("click", () => { figure.logarithmic = !y.log; again(); focusKey(figure, chart.series.length); });
  keys.append(html("li", {}, log));
  const shown = chart.series.map((series, i) => ({ ...series, i })).filter((series) => !hidden.has(series.i));
  const gaps = shown.reduce((sum, series) => sum + series.y.filter((value) => value === null || (y.log && value <= 0)).length, 0);
  const said = chart.series.map((series) => `${series.name}: ${series.y.length ? `from ${number(series.y[0])} to ${number(series.y.at(-1))}` : "no values"}.`).join(" ");
  const { read, drawing, width } = frame(figure, chart, keys, said);

  const height = 230, ys = shown.flatMap((series) => [...series.y, ...(series.band ?? []).flat()]), xs = shown.flatMap((series) => series.x);
  const box = { left: 0, right: width - 12, top: 6, bottom: height - 38 };
  const up = scale(y, ys, box.bottom, box.top, 0.04);
  const labels = ticks(up, y.log, (box.bottom - box.top) / 38).map((tick) => number(tick, 3).length);
  box.left = Math.max(...labels, 2) * 7 + 10;
  const across = scale(chart.x, xs, box.left, box.right, 0);
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  axes(drawing, chart.x, y, across, up, box);
  for (const series of [...shown].sort((a, b) => Boolean(b.faint) - Boolean(a.faint))) {  // what is faint lies behind
    const points = series.x.map((x, k) => [across.place(x), up.place(series.y[k])]);
    let path = "", pen = "M";
    for (const [px, py] of points) {
      if (px === null || py === null) { pen = "M"; continue; }
      path += `${pen}${px.toFixed(1)} ${py.toFixed(1)}`;
      pen = "L";
    }
    if (series.band) drawing.append(svg("path", { d: outline(series, across, up), class: "band", fill: colour(series.tone ?? series.i) }));
    drawing.append(svg("path", { d: path, ...stroke(series, series.i) }));
    const alone = points.filter(([px, py]) => px !== null && py !== null);
    for (const [px, py] of series.marked || alone.length === 1 ? alone : []) drawing.append(svg("circle", { cx: px, cy: py, r: 3.2, fill: colour(series.tone ?? series.i) }));
  }

  const places = [...new Set(xs)].sort((a, b) => a - b);
  const cursor = svg("line", { class: "cursor", y1: box.top, y2: box.bottom, visibility: "hidden" });
  drawing.append(cursor);
  const nearest = (list, x) => list.reduce((best, value, i) => (Math.abs(value - x) < Math.abs(list[best] - x) ? i : best), 0);
  readable(
    drawing, () => places.length,
    (px) => places.length ? nearest(places.map((value) => across.place(value) ?? Infinity), px) : null,
    (i) => {
      const x = places[i], at = across.place(x);
      cursor.setAttribute("x1", at);
      cursor.setAttribute("x2", at);
      cursor.setAttribute("visibility", "visible");
      const values = shown.filter((series) => series.x.length).map((series) => {
        const k = nearest(series.x, x);
        return `${series.name} ${number(series.y[k])}${series.x[k] === x ? "" : ` (at ${number(series.x[k], 7)})`}`;
      });
      read.textContent = `${chart.x.label} ${number(x, 7)}: ${values.join(", ")}`;
    },
    () => {
      cursor.setAttribute("visibility", "hidden");
      read.textContent = chart.y.label + (gaps ? `; ${gaps} value${gaps > 1 ? "s" : ""} ${y.log ? "not finite or not above 0" : "not finite"}: not drawn` : "");
    },
  );
}
function outline(series, across, up) {
  const edge = (values) => series.x.map((x, k) => [across.place(x), up.place(values[k])]).filter(([, y]) => y !== null);
  const [low, high] = series.band.map(edge);
  return "M" + [...low, ...high.reverse()].map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L");
}

function stroke(series, i) {
  return { class: `curve${series.faint ? " faint" : ""}`, stroke: colour(series.tone ?? i), "stroke-dasharray": series.faint ? "" : dash(i) };
}
function focusKey(figure, i) {
  figure.querySelectorAll(".keys button")[i].focus();
}
