/* The page: draws what is in view, and listens. */

const SVG = "http://www.w3.org/2000/svg";
const pen = document.createElement("canvas").getContext("2d");
const whole = JSON.parse(document.getElementById("data").textContent);
const ABSENT = { title: "", name: "", shape: "", op: "", kept: "", operands: [], saved: [], parts: [], flow: null, several: false };

/* What is shown: the whole graph or that of one number, and what is computed of it once. */
let graph, view, users, strongest;
let elements = new Map(), boxes = new Map(), frames = new Map(), drawnEdges = [], chosen = null;
const left = new Map(); // how each graph was left

for (const { steps } of [whole, ...whole.elements.map((element) => element.graph)])
  steps.forEach((step, i) => { steps[i] = { ...ABSENT, ...step }; });

function turnTo(next) {
  if (graph) left.set(graph, { view, camera, time: player.time });
  graph = next;
  const before = left.get(graph);
  view = before?.view ?? new View(graph);
  users = graph.steps.map(() => []);
  graph.steps.forEach((step, i) => { for (const operand of new Set(step.operands)) users[operand].push(i); });
  strongest = Math.max(...graph.steps.map((step) => step.flow).filter((g) => typeof g === "number"), 1e-300);
  player.load();
  $("title").textContent = graph.title;
  $("leave").hidden = graph === whole;
  $("note").textContent = graph.note;
  draw();
  if (before) { camera = before.camera; moveCamera(); }
  else begin();
  player.go(before?.time ?? 0);
}

function svg(name, attributes, ...children) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

function html(name, attributes, ...children) {
  const made = document.createElement(name);
  Object.assign(made, attributes);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/* What a box says: a step, or a folded group. */
function content(number) {
  if (view.isStep(number)) {
    const step = graph.steps[number];
    return { kind: step.kind, title: step.title, lines: step.lines };
  }
  const group = view.group(number), stack = view.stackOf(number);
  const title = stack === null ? group.title : view.apart.has(stack) ? group.own : view.group(stack).title;
  return { kind: group.kind === "function" ? "op" : "module", title, lines: group.lines };
}

function measured({ title, lines }) {
  pen.font = "600 12px system-ui, sans-serif";
  let width = pen.measureText(title).width;
  pen.font = "11px system-ui, sans-serif";
  for (const line of lines) width = Math.max(width, pen.measureText(line).width);
  return { width: Math.max(width + 22, 40), height: 14 + (title ? 16 : 0) + 14 * lines.length };
}

function draw() {
  const { nodes, edges } = view.compute();
  for (const node of nodes) Object.assign(node, measured(content(node.number)));
  const around = (n) => view.around(view.isStep(n) ? graph.steps[n].group : view.group(n).parent);
  const heading = (n) => {
    const lines = view.group(n).figures, { width } = measured({ title: frameTitle(n), lines });
    return { width: width + 8, height: 26 + 14 * lines.length };
  };
  const placed = layout(nodes, edges, around, graph.root, heading);
  ({ boxes, frames } = placed);
  bounds = frames.get(graph.root);
  elements = new Map();
  const scene = $("scene");
  scene.replaceChildren();
  const inner = [...frames].filter(([number]) => number !== graph.root);
  for (const [number, frame] of inner) scene.append(drawFrame(number, frame));
  drawnEdges = edges.map((edge, i) => ({ ...edge, element: drawEdge(edge, placed.routes[i]) }));
  scene.append(...drawnEdges.map((edge) => edge.element));
  for (const [number, frame] of inner) scene.append(drawHandle(number, frame));
  for (const { number } of nodes) scene.append(drawNode(number, boxes.get(number)));
  drawMap();
  mark();
}

function drawNode(number, box) {
  const { kind, title, lines } = content(number);
  const text = svg("text", { x: box.width / 2, y: 0 });
  [...(title ? [title] : []), ...lines].forEach((line, i) => {
    const part = svg("tspan", { x: box.width / 2, y: (title ? 21 : 19) + 14 * i + (title && i ? 2 : 0) });
    if (title && i === 0) part.setAttribute("class", "title");
    part.textContent = line;
    text.append(part);
  });
  const group = !view.isStep(number);
  const node = svg("g", {
    class: `node ${kind}`, transform: `translate(${box.x} ${box.y})`, tabindex: 0, role: "button",
    "aria-label": [title, ...lines].filter(Boolean).join(", ") + (group ? ", folded: press Enter to unfold" : ""),
    "data-number": number,
  }, svg("rect", { width: box.width, height: box.height, rx: 8 }), text);
  elements.set(number, node);
  return node;
}

function drawFrame(number, { x, y, width, height }) {
  return svg("rect", { class: `frame${view.around(number).length % 2 ? " odd" : ""}`, x, y, width, height, rx: 10 });
}

function frameTitle(number) {
  const group = view.group(number), stack = view.stackOf(number);
  if (stack === null) return `▾ ${group.title}`;
  return `▾ ${view.apart.has(stack) ? group.own : `${view.group(stack).title} (${nameOf(group)} is shown)`}`;
}

function nameOf(group) { return group.kind === "loop" ? group.own : group.own.split(":")[0]; }

/* The title of an open group, which folds it, and its figures. */
function drawHandle(number, frame) {
  const title = svg("text", { x: frame.x + 12, y: frame.y + 18, class: "title" });
  title.textContent = frameTitle(number);
  const figures = view.group(number).figures.map((line, i) => {
    const text = svg("text", { x: frame.x + 12, y: frame.y + 33 + 14 * i });
    text.textContent = line;
    return text;
  });
  return svg("g", { class: "handle", tabindex: 0, role: "button", "aria-label": `Fold ${view.group(number).own}`, "data-fold": number }, title, ...figures);
}

/* A line, thick where much data flows, and the redder the larger the gradient that flows back. */
function drawEdge(edge, points) {
  const bytes = Math.max(...edge.steps.map((i) => graph.steps[i].bytes));
  const width = 1 + 0.35 * Math.max(0, Math.log10(bytes / 64));
  const flow = Math.max(0, ...edge.steps.map((i) => graph.steps[i].flow).filter((g) => typeof g === "number"));
  const red = flow > 0 ? Math.max(0, 100 + 25 * Math.log10(flow / strongest)) : 0; // a ten-thousandth is not seen
  return svg("path", { class: "edge", d: curve(points), style: `stroke-width: ${width.toFixed(2)}; --red: ${red.toFixed(0)}%` });
}

/* Choosing, folding, finding ------------------------------------------------------------------------------------- */

function choose(number, look) {
  chosen = number;
  mark();
  showDetails(number);
  if (look) centre(number);
}

function mark() {
  for (const [number, element] of elements) element.classList.toggle("chosen", number === chosen);
  for (const edge of drawnEdges) edge.element.classList.toggle("lit", edge.tail === chosen || edge.head === chosen);
  player.mark();
}

/* Fold or unfold a group, which stays where it is on the screen. */
function toggle(number) {
  const before = elements.get(number)?.getBoundingClientRect();
  view.toggle(number);
  draw();
  const inside = view.open.has(number) ? document.querySelector(`[data-fold="${number}"]`) : elements.get(number);
  if (inside === null || inside === undefined) return;
  const after = inside.getBoundingClientRect();
  if (before) { camera.x += before.left - after.left; camera.y += before.top - after.top; }
  moveCamera();
  inside.focus({ preventScroll: true });
}

/* Show a step, unfolding whatever it is in. */
function goTo(number) {
  view.reveal(number);
  draw();
  choose(number, true);
}

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = [];
  graph.steps.forEach((step, i) => {
    const said = `${step.title} ${step.name} ${step.op} ${step.where}`.toLowerCase();
    if (words.every((word) => said.includes(word))) found.push({ number: i, title: step.title || step.name, where: step.where });
  });
  graph.groups.forEach((group, i) => {
    const words_ = group.own.toLowerCase();
    if (group.parent !== null && group.standIn === null && words.every((word) => words_.includes(word)))
      found.unshift({ number: i + graph.steps.length, title: group.own, where: "module" });
  });
  return found;
}

function showFound() {
  const found = find($("search").value), list = $("found");
  list.hidden = $("search").value === "";
  list.replaceChildren(...found.slice(0, 30).map((one) => html("li", {},
    html("button", { type: "button", onclick: () => { list.hidden = true; goTo(one.number); } }, one.title, html("small", {}, one.where)))));
  if (!found.length) list.append(html("li", {}, "Nothing is called that."));
}
