"use strict";
// Charts.draw(figure, chart) draws the data of nn/report/charts.py into a <figure class="chart">; to update, call it again.
const Charts = (() => {
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

  function ticks(low, high, log, most) {
    if (log) {
      const found = [], decades = Math.log10(high / low), step = Math.max(1, Math.ceil(decades / most));
      const factors = decades < 1.2 ? [1, 2, 3, 5, 7] : decades < 3 ? [1, 2, 5] : [1];
      for (let n = Math.floor(Math.log10(low)); n <= Math.log10(high); n++) {
        for (const factor of n % step ? [] : factors) found.push(Number(`${factor}e${n}`));
      }
      const within = found.filter((tick) => tick >= low * 0.999 && tick <= high * 1.001);
      if (within.length > 1) return within;
    }
    const raw = (high - low) / most, size = 10 ** Math.floor(Math.log10(raw));
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
    return { place, low: axis.log ? 10 ** start : start, high: axis.log ? 10 ** end : end };
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
      for (const tick of ticks(line.low, line.high, axis.log, room)) {
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

  // Curves -----------------------------------------------------------------------------------------------------------

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
    const labels = ticks(up.low, up.high, y.log, (box.bottom - box.top) / 38).map((tick) => number(tick, 3).length);
    box.left = Math.max(...labels, 2) * 7 + 10;
    const across = scale(chart.x, xs, box.left, box.right, 0);
    drawing.setAttribute("viewBox", `0 0 ${width} ${height}`);
    axes(drawing, chart.x, y, across, up, box);
    for (const series of shown) {
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

  // Histograms -------------------------------------------------------------------------------------------------------

  function ridges(figure, chart) {
    const keys = html("ul", { class: "keys" }, ...chart.names.map((name, i) => html("li", {}, sample(i), ` ${name}`)));
    const { read, drawing, width } = frame(figure, chart, keys, `${chart.rows.length} rows of histograms.`);
    const all = chart.rows.flatMap((row) => row.histograms.filter(Boolean));
    const narrow = width < 400, longest = Math.max(...chart.rows.map((row) => row.name.length), 0);
    const box = { left: narrow ? 4 : Math.min(longest * 6.6 + 12, width * 0.4), right: width - 12, top: 8 };
    const tall = narrow ? 44 : 26;
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
        h.counts.forEach((count, k) => { path += `L${at(h.low + (k + 0.5) * step)} ${(base - (count / most) * (narrow ? 28 : tall - 3)).toFixed(1)}`; });
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

  // Heat maps --------------------------------------------------------------------------------------------------------

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

  // The same as tables -----------------------------------------------------------------------------------------------

  const TABLES = {
    lines(chart) {
      const places = [...new Set(chart.series.flatMap((series) => series.x))].sort((a, b) => a - b);
      const every = Math.ceil(places.length / 200);
      const marked = new Set(chart.series.filter((series) => series.marked).flatMap((series) => series.x));
      const kept = places.filter((x, i) => i % every === 0 || marked.has(x) || i === places.length - 1);
      const found = chart.series.map((series) => new Map(series.x.map((x, k) => [x, series.y[k]])));
      return table(
        [chart.x.label, ...chart.series.map((series) => series.name)],
        kept.map((x) => [number(x, 7), ...found.map((values) => (values.has(x) ? number(values.get(x)) : ""))]),
      );
    },
    ridges(chart) {
      const rows = chart.rows.flatMap((row) => row.histograms.map((h, i) => h && [row.name, chart.names[i], h.figures])).filter(Boolean);
      const head = [...new Set(rows.flatMap((row) => Object.keys(row[2])))];
      return table(["", "when", ...head], rows.map(([name, when, found]) => [name, when, ...head.map((key) => (key in found ? number(found[key]) : ""))]));
    },
    heat(chart) {
      return table([chart.axes.filter(Boolean).join(" \\ "), ...chart.columns], chart.rows.map((row, i) => [row, ...chart.values[i].map((value) => number(value))]));
    },
  };

  // A page within the page, such as that of a graph.
  function page(figure, chart) {
    if (figure.querySelector("iframe")) return;
    const within = html("iframe", { title: chart.title, srcdoc: chart.html });
    within.addEventListener("load", () => within.contentDocument.getElementById("fit")?.click());
    figure.append(html("h3", {}, chart.title), within, html("figcaption", {}, chart.caption));
  }

  const KINDS = { lines, ridges, heat, page };
  const watcher = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      if (target.chart && target.drawnWidth !== target.clientWidth) draw(target, target.chart);
    }
  });
  function draw(figure, chart) {
    figure.chart = chart;
    figure.drawnWidth = figure.clientWidth;
    KINDS[chart.kind](figure, chart);
    watcher.observe(figure);
  }
  // Draws the charts of a page, each when it comes near the window, and makes its button for light and dark work.
  function all() {
    const seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        seen.unobserve(target);
        draw(target, JSON.parse(target.querySelector("script").textContent));
      }
    }, { rootMargin: "600px" });
    for (const figure of document.querySelectorAll("figure.chart")) seen.observe(figure);
    document.getElementById("theme")?.addEventListener("click", () => {
      const root = document.documentElement.style, dark = matchMedia("(prefers-color-scheme: dark)").matches;
      root.colorScheme = (root.colorScheme || (dark ? "dark" : "light")) === "dark" ? "light" : "dark";
    });
  }
  return { draw, all, number };
})();
