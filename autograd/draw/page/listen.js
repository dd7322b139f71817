/* What mouse, fingers and keys do; then the page begins. */

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
  Escape: () => { if (graph !== whole) turnTo(whole); },
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
  $("leave").onclick = () => turnTo(whole);
  $("time").addEventListener("input", () => player.go(+$("time").value));
  $("start").onclick = () => player.go(0);
  $("back").onclick = () => player.go(player.time - 1);
  $("next").onclick = () => player.go(player.time + 1);
  $("turn").onclick = () => player.go(player.forward.length + 1);
  document.documentElement.classList.toggle("dark", matchMedia("(prefers-color-scheme: dark)").matches);
}

listen();
turnTo(whole);
