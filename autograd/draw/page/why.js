/* The page of an explanation: how the derivative flows, and the route that is chosen. */

const { boxes, edges, routes } = JSON.parse(document.getElementById("data").textContent);
const stage = document.getElementById("stage");
const pen = document.createElement("canvas").getContext("2d");
const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);
const rows = [...document.querySelectorAll("tr.route")];
let chosen = null;

function wide(text, font) {
  pen.font = font;
  return pen.measureText(text).width;
}

/* Two lines in a box: what it is, and what flows through it. */
function draw() {
  const nodes = boxes.map(({ name, flow, share }, number) => {
    const line = `${flow}${share && share !== "100.0%" ? ` (${share})` : ""}`;
    const width = 22 + Math.max(wide(name, "600 12px system-ui, sans-serif"), wide(line, "11px system-ui, sans-serif"));
    return { number, order: number, op: true, width, height: 44, name, line };
  });
  const placed = layout(nodes, edges, () => [-1], -1, () => 0);
  const { width: boxed, height } = placed.frames.get(-1);
  const labels = edges.map((edge, i) => label(edge, placed.routes[i]));
  const width = Math.max(boxed, ...labels.map(({ end }) => end));
  const drawn = edges.map((edge, i) => drawEdge(edge, i, placed.routes[i]));
  const made = nodes.map(({ number, name, line }) => {
    const { x, y, width, height } = placed.boxes.get(number);
    const kind = number === 0 ? "leaf" : "module";
    return `<g class="node ${kind}" transform="translate(${x} ${y})"><rect width="${width}" height="${height}" rx="8"/>
      <text><tspan class="title" x="${width / 2}" y="18">${escaped(name)}</tspan><tspan x="${width / 2}" y="34">${escaped(line)}</tspan></text></g>`;
  });
  stage.innerHTML = `<svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" aria-label="The modules
    from the number to the loss; an arrow is as thick as what flows along it">${drawn.join("")}${made.join("")}${labels.map(({ text }) => text).join("")}</svg>`;
}

function drawEdge({ flow }, i, points) {
  const width = 1 + 9 * Math.min(1, Math.abs(flow));
  return `<path class="edge ${flow < 0 ? "minus" : "plus"}" data-edge="${i}" d="${curve(points)}" style="stroke-width: ${width.toFixed(1)}"/>`;
}

/* What flows along an edge, where that is not what flows through its box; and where that text ends. */
function label({ tail, head, text }, points) {
  const alone = (end, box) => edges.filter((edge) => edge[end] === box).length === 1;
  if (alone("tail", tail) || alone("head", head)) return { text: "", end: 0 };
  const [x, y] = points[Math.floor(points.length / 2) - 1], [a, b] = points[Math.floor(points.length / 2)];
  const left = (x + a) / 2 + 9;
  return {
    text: `<text class="flow" x="${left}" y="${(y + b) / 2 + 4}">${escaped(text)}</text>`,
    end: left + wide(text, "11px system-ui, sans-serif") + 8,
  };
}

/* The edges on the ways from the number to the loss that pass these modules, in this order. */
function edgesOf(route) {
  const last = boxes.length - 1, known = new Map();
  const reach = (box, step) => { // the edges from here on, null where no way leads to the loss
    const key = `${box} ${step}`;
    if (known.has(key)) return known.get(key);
    let found = box === last && step === route.length - 1 ? new Set() : null;
    edges.forEach((edge, i) => {
      if (edge.tail !== box) return;
      for (const next of box === 0 ? [0] : [step, step + 1]) {
        const onward = boxes[edge.head].name === route[next] ? reach(edge.head, next) : null;
        if (onward) found = new Set([...(found ?? []), ...onward, i]);
      }
    });
    known.set(key, found);
    return found;
  };
  return reach(0, 0) ?? new Set();
}

function choose(number) {
  chosen = chosen === number ? null : number;
  const lit = chosen === null ? null : edgesOf(routes[chosen]);
  const ends = lit && new Set([...lit].flatMap((i) => [edges[i].tail, edges[i].head]));
  stage.querySelectorAll("[data-edge]").forEach((path) => path.classList.toggle("away", !!lit && !lit.has(+path.dataset.edge)));
  stage.querySelectorAll(".node").forEach((node, i) => node.classList.toggle("away", !!ends && !ends.has(i)));
  stage.querySelectorAll(".flow").forEach((text) => text.classList.toggle("away", !!lit));
  rows.forEach((row, i) => row.querySelector("button").setAttribute("aria-pressed", i === chosen));
}

rows.forEach((row, i) => {
  const cell = row.querySelector(".what"), button = document.createElement("button");
  button.className = "link";
  button.append(...cell.childNodes);
  button.onclick = () => choose(i);
  button.setAttribute("aria-pressed", false);
  cell.append(button);
});
const theme = document.getElementById("theme");
theme.onclick = () => document.documentElement.classList.toggle("dark");
addEventListener("keydown", (event) => { if (event.key === "d" && !event.ctrlKey && !event.metaKey) theme.click(); });
if (matchMedia("(prefers-color-scheme: dark)").matches) theme.click();
draw();
const first = stage.querySelector(".node").getBoundingClientRect(); // the number itself, in the middle
stage.scrollLeft = first.left + first.width / 2 - stage.getBoundingClientRect().left - stage.clientWidth / 2;
