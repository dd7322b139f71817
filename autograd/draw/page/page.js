/* The page: draws what is in view, and listens. */

const graph = JSON.parse(document.getElementById("data").textContent);
const view = new View(graph);
const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";
const pen = document.createElement("canvas").getContext("2d");

let camera = { x: 0, y: 0, scale: 1 }, bounds = { width: 1, height: 1 }, chosen = null, moved = false;
let elements = new Map(), boxes = new Map(), drawnEdges = [];

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
  const group = view.group(number);
  const alone = group.count > 1 && view.apart.has(number);
  return { kind: group.kind === "function" ? "op" : "module", title: alone ? group.own : group.title, lines: group.lines };
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
  const titleWidth = (n) => measured({ title: frameTitle(n), lines: [] }).width + 8;
  const placed = layout(nodes, edges, around, graph.root, titleWidth);
  boxes = placed.boxes;
  bounds = placed.frames.get(graph.root);
  elements = new Map();
  const scene = $("scene");
  scene.replaceChildren();
  const frames = [...placed.frames].filter(([number]) => number !== graph.root);
  for (const [number, frame] of frames) scene.append(drawFrame(number, frame));
  drawnEdges = edges.map((edge, i) => ({ ...edge, element: drawEdge(edge, placed.routes[i]) }));
  scene.append(...drawnEdges.map((edge) => edge.element));
  for (const [number, frame] of frames) scene.append(drawHandle(number, frame));
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
  const group = view.group(number);
  return `▾ ${group.count > 1 && !view.apart.has(number) ? group.opened : group.own}`;
}

/* The title of an open group, which folds it. */
function drawHandle(number, frame) {
  const text = svg("text", { x: frame.x + 12, y: frame.y + 18 });
  text.textContent = frameTitle(number);
  return svg("g", { class: "handle", tabindex: 0, role: "button", "aria-label": `Fold ${view.group(number).own}`, "data-fold": number }, text);
}

const strongest = Math.max(...graph.steps.map((step) => step.flow).filter((g) => typeof g === "number"), 1e-300);

/* A line, thick where much data flows, and the redder the larger the gradient that flows back. */
function drawEdge(edge, points) {
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; i++) {
    const [[x, y], [a, b]] = [points[i - 1], points[i]];
    const bend = (b - y) / 2;
    path += `C${x} ${y + bend} ${a} ${b - bend} ${a} ${b}`;
  }
  const bytes = Math.max(...edge.steps.map((i) => graph.steps[i].bytes));
  const width = 1 + 0.35 * Math.max(0, Math.log10(bytes / 64));
  const flow = Math.max(0, ...edge.steps.map((i) => graph.steps[i].flow).filter((g) => typeof g === "number"));
  const red = flow > 0 ? Math.max(0, 100 + 25 * Math.log10(flow / strongest)) : 0; // a ten-thousandth is not seen
  return svg("path", { class: "edge", d: path, style: `stroke-width: ${width.toFixed(2)}; --red: ${red.toFixed(0)}%` });
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
  const target = view.isStep(number) ? view.drawn(number) ?? number : number;
  view.reveal(target);
  draw();
  choose(target, true);
}

function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) return [];
  const found = [];
  graph.steps.forEach((step, i) => {
    if (words.every((word) => step.words.includes(word))) found.push({ number: i, title: step.title || step.name, where: step.where });
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

/* Zoom and pan --------------------------------------------------------------------------------------------------- */

function moveCamera() {
  $("scene").setAttribute("transform", `translate(${camera.x} ${camera.y}) scale(${camera.scale})`);
  const stage = $("graph").getBoundingClientRect(), seen = $("map").querySelector(".seen");
  if (!seen) return;
  const at = { x: -camera.x / camera.scale, y: -camera.y / camera.scale, width: stage.width / camera.scale, height: stage.height / camera.scale };
  for (const [key, value] of Object.entries(at)) seen.setAttribute(key, value);
}

function zoomAt(factor, x, y) {
  const scale = Math.min(4, Math.max(0.02, camera.scale * factor));
  camera.x = x - (x - camera.x) * scale / camera.scale;
  camera.y = y - (y - camera.y) * scale / camera.scale;
  camera.scale = scale;
  moveCamera();
}

function zoomMiddle(factor) {
  const stage = $("graph").getBoundingClientRect();
  zoomAt(factor, stage.width / 2, stage.height / 2);
}

function fit() {
  const stage = $("graph").getBoundingClientRect();
  const scale = Math.min(1.25, stage.width / (bounds.width + 20), stage.height / (bounds.height + 20));
  camera = { scale, x: (stage.width - bounds.width * scale) / 2, y: Math.max(10, (stage.height - bounds.height * scale) / 2) };
  moveCamera();
}

/* The whole width, from the top, with text that can be read. */
function begin() {
  fit();
  if (camera.scale >= 0.6) return;
  const stage = $("graph").getBoundingClientRect(), end = boxes.get(view.places[graph.steps.length - 1]);
  camera.scale = Math.max(0.6, Math.min(1, stage.width / (bounds.width + 20)));
  camera.x = stage.width / 2 - (end.x + end.width / 2) * camera.scale;
  camera.y = stage.height - (end.y + end.height + 30) * camera.scale;
  moveCamera();
}

function centre(number) {
  const box = boxes.get(number);
  if (!box) return;
  const stage = $("graph").getBoundingClientRect();
  camera.scale = Math.max(camera.scale, 0.7);
  camera.x = stage.width / 2 - (box.x + box.width / 2) * camera.scale;
  camera.y = stage.height / 2 - (box.y + box.height / 2) * camera.scale;
  moveCamera();
}

function drawMap() {
  const map = $("map");
  map.setAttribute("viewBox", `0 0 ${bounds.width} ${bounds.height}`);
  map.replaceChildren(...[...boxes.values()].map(({ x, y, width, height }) => svg("rect", { x, y, width, height })), svg("rect", { class: "seen" }));
  moveCamera();
}

const fingers = new Map();

function pointerDown(event) {
  fingers.set(event.pointerId, event);
  moved = false;
}

function pointerMove(event) {
  const before = fingers.get(event.pointerId);
  if (!before) return;
  const [a, b] = [...fingers.values()];
  if (b) {
    const still = a.pointerId === event.pointerId ? b : a, stage = $("graph").getBoundingClientRect();
    const apart = (p) => Math.hypot(p.clientX - still.clientX, p.clientY - still.clientY);
    zoomAt(apart(event) / Math.max(1, apart(before)), still.clientX - stage.left, still.clientY - stage.top);
  } else if (moved || Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY) > 3) {
    if (!moved) $("graph").setPointerCapture(event.pointerId);
    moved = true;
    camera.x += event.clientX - before.clientX;
    camera.y += event.clientY - before.clientY;
    moveCamera();
  } else return;
  fingers.set(event.pointerId, event);
}

function press(target) {
  const fold = target.closest?.("[data-fold]"), node = target.closest?.("[data-number]");
  if (fold) return toggle(+fold.dataset.fold);
  if (!node) return undefined;
  const number = +node.dataset.number;
  if (!view.isStep(number) && chosen === number) return toggle(number);
  return choose(number, false);
}

const KEYS = {
  "/": () => $("search").focus(), "0": fit, "+": () => zoomMiddle(1.3), "=": () => zoomMiddle(1.3), "-": () => zoomMiddle(1 / 1.3),
  f: () => $("fold").click(), u: () => $("unfold").click(), d: () => $("theme").click(), b: () => $("turn").click(),
  ArrowRight: () => player.go(player.time + 1), ArrowLeft: () => player.go(player.time - 1), Home: () => player.go(0), End: () => player.go(player.last),
};

function keyDown(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.id === "search") {
    if (event.key === "Escape") { $("search").value = ""; $("found").hidden = true; $("search").blur(); }
    if (event.key === "Enter") $("found").querySelector("button")?.click();
    return;
  }
  if ((event.key === "Enter" || event.key === " ") && event.target.closest?.("[data-number], [data-fold]")) {
    event.preventDefault();
    const number = event.target.dataset.number;
    if (number !== undefined && !view.isStep(+number)) { choose(+number, false); toggle(+number); }
    else press(event.target);
  } else if (KEYS[event.key] && event.target.type !== "range") {
    event.preventDefault();
    KEYS[event.key]();
  }
}

function listen() {
  const stage = $("graph");
  stage.addEventListener("pointerdown", pointerDown);
  stage.addEventListener("pointermove", pointerMove);
  for (const name of ["pointerup", "pointercancel"]) addEventListener(name, (event) => fingers.delete(event.pointerId));
  stage.addEventListener("click", (event) => { if (!moved) press(event.target); });
  stage.addEventListener("dblclick", (event) => {
    const node = event.target.closest("[data-number]");
    if (node && !view.isStep(+node.dataset.number) && !view.open.has(+node.dataset.number)) toggle(+node.dataset.number);
  });
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const at = stage.getBoundingClientRect();
    zoomAt(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - at.left, event.clientY - at.top);
  }, { passive: false });
  $("map").addEventListener("click", (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform($("map").getScreenCTM().inverse()), box = stage.getBoundingClientRect();
    camera.x = box.width / 2 - at.x * camera.scale;
    camera.y = box.height / 2 - at.y * camera.scale;
    moveCamera();
  });
  addEventListener("keydown", keyDown);
  addEventListener("resize", moveCamera);
  $("search").addEventListener("input", showFound);
  $("fold").onclick = () => { view.foldAll(); draw(); fit(); };
  $("unfold").onclick = () => { view.unfoldMore(); draw(); fit(); };
  $("fit").onclick = fit;
  $("theme").onclick = () => document.documentElement.classList.toggle("dark");
  document.documentElement.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
}
