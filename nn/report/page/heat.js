// Matrices as coloured cells.

function heat(figure, chart) {
  const [low, high] = chart.limits, diverging = low < 0 && !chart.value.log;
  const f = chart.value.log ? Math.log10 : (value) => value;
  const share = (value) => (diverging ? value / high : high === low ? 1 : (f(value) - f(low)) / (f(high) - f(low)));
  const paint = (part) => (part < 0 ? "var(--minus)" : "var(--plus)");
  const ramp = `background:linear-gradient(90deg,${diverging ? "var(--minus)," : ""}transparent,var(--plus))`;
  const keys = html("div", { class: "keys" }, number(low, 3), html("span", { class: "ramp", style: ramp, "aria-hidden": "true" }), `${number(high, 3)} ${chart.value.label}`);
  const { read, drawing, width } = frame(figure, chart, keys, `${chart.rows.length} rows, ${chart.columns.length} columns.`);
  const long = (names) => Math.max(...names.map((name) => name.length), 1) * 6.8;
  const left = Math.min(long(chart.rows) + 8, width * 0.42);
  const cell = Math.min((width - left - 4) / chart.columns.length, chart.rows.length === chart.columns.length ? 26 : 44);
  const tall = chart.rows.length === chart.columns.length ? Math.min(cell, 26) : 19;  // squares, or as high as a name
  const upright = long(chart.columns) + 6 > cell, skip = Math.ceil(13 / tall);
  const every = Math.ceil((upright ? 13 : long(chart.columns) + 6) / cell), bottom = 4 + tall * chart.rows.length;
  const height = bottom + (upright ? long(chart.columns) + 10 : 20) + (chart.axes[1] ? 16 : 0);
  drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const ground = svg("rect", { x: left, y: 4, width: cell * chart.columns.length, height: bottom - 4, fill: "var(--tint)" });
  drawing.append(ground);
  chart.rows.forEach((row, i) => {
    if (i % skip === 0) drawing.append(svg("text", { class: "name", x: left - 6, y: 4 + tall * i + tall / 2 + 4, "text-anchor": "end" }, row));
    chart.values[i].forEach((value, j) => {
      const part = value === null || (chart.value.log && value <= 0) ? 0 : Math.max(Math.min(share(value), 1), diverging ? -1 : 0);
      if (part) drawing.append(svg("rect", { x: left + cell * j, y: 4 + tall * i, width: cell, height: tall, fill: paint(part), "fill-opacity": Math.abs(part).toFixed(3) }));
    });
  });
  chart.columns.forEach((column, j) => {
    if (j % every) return;
    const x = left + cell * (j + 0.5), y = bottom + (upright ? 6 : 15);
    drawing.append(svg("text", { class: "name", x, y, ...(upright ? { transform: `rotate(-90 ${x} ${y}) translate(0 4)`, "text-anchor": "end" } : { "text-anchor": "middle" }) }, column));
  });
  if (chart.axes[1]) drawing.append(svg("text", { x: left + cell * chart.columns.length, y: height - 2, "text-anchor": "end" }, chart.axes[1]));
  const cursor = svg("rect", { class: "cell-cursor", width: cell, height: tall, visibility: "hidden" });
  drawing.append(cursor);
  const count = chart.rows.length * chart.columns.length;
  readable(
    drawing, () => count,
    (px, py) => {
      const j = Math.floor((px - left) / cell), i = Math.floor((py - 4) / tall);
      return i >= 0 && j >= 0 && i < chart.rows.length && j < chart.columns.length ? i * chart.columns.length + j : null;
    },
    (place) => {
      const i = Math.floor(place / chart.columns.length), j = place % chart.columns.length;
      fill(cursor, { x: left + cell * j, y: 4 + tall * i, visibility: "visible" }, []);
      const named = [chart.rows[i], chart.columns[j]].map((name, k) => (chart.axes[k] ? `${chart.axes[k]} ${name}` : name));
      read.textContent = `${named.join(", ")}: ${number(chart.values[i][j])}`;
    },
    () => { cursor.setAttribute("visibility", "hidden"); read.textContent = chart.axes[0] ? `rows: ${chart.axes[0]}` : ""; },
    chart.columns.length,
  );
}
