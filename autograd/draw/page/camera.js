/* Zoom, pan and the map. */

const $ = (id) => document.getElementById(id);
let camera = { x: 0, y: 0, scale: 1 }, bounds = { width: 1, height: 1 }, moved = false;

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
  const box = boxes.get(number) ?? frames.get(number);
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
