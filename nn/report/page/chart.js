// Charts.draw(figure, chart) draws the data of nn/report/charts.py into a <figure class="chart">; to update, call it again.

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
