/* The player: the forward pass, oldest step first, then the backward pass, newest first, one step at a time. */

const players = { users: graph.steps.map(() => []) };
graph.steps.forEach((step, i) => { for (const operand of new Set(step.operands)) players.users[operand].push(i); });

const player = {
  time: 0,
  forward: graph.steps.map((_, i) => i),
  backward: graph.steps.map((_, i) => i).filter((i) => graph.steps[i].kind !== "input").reverse(),
  get last() { return this.forward.length + this.backward.length; },
  get step() { const t = this.time - 1, n = this.forward.length; return t < 0 ? null : t < n ? this.forward[t] : this.backward[t - n]; },
  get isBackward() { return this.time > this.forward.length; },

  go(time) {
    this.time = Math.max(0, Math.min(this.last, time));
    $("time").value = this.time;
    if (this.step === null) { chosen = null; this.mark(); welcome(); return; }
    chosen = view.place(this.step) ?? this.step;
    mark();
    centreIfOutside(chosen);
    show(...(this.isBackward ? backwardDetails(this.step) : forwardDetails(this.step)));
  },

  /* Show how far the passes are in the picture. */
  mark() {
    const t = this.time, n = this.forward.length;
    $("where").textContent = t === 0 ? `${n} forward, ${this.backward.length} backward` : t <= n ? `forward ${t} of ${n}` : `backward ${t - n} of ${this.backward.length}`;
    const now = this.step === null ? null : view.place(this.step);
    const receives = new Set(this.isBackward ? graph.steps[this.step].operands.filter((i) => graph.steps[i].kind !== "input").map((i) => view.place(i)) : []);
    const reached = new Set(t === 0 ? [] : this.isBackward ? this.backward.slice(0, t - n).map((i) => view.place(i)) : this.forward.slice(0, t).map((i) => view.place(i)));
    for (const [number, element] of elements) {
      element.classList.toggle("forward", number === now && !this.isBackward);
      element.classList.toggle("backward", number === now && this.isBackward);
      element.classList.toggle("receives", receives.has(number) && number !== now);
      element.classList.toggle("waiting", t > 0 && !reached.has(number) && !receives.has(number));
    }
  },
};

function centreIfOutside(number) {
  const box = elements.get(number)?.getBoundingClientRect(), stage = $("graph").getBoundingClientRect();
  if (box && (box.left < stage.left || box.right > stage.right || box.top < stage.top || box.bottom > stage.bottom)) centre(number);
}

function welcome() {
  show(
    html("h2", {}, graph.title),
    html("p", {}, graph.summary),
    html("p", {}, "Click a box to see its numbers, and a module twice to unfold it. Drag to move, scroll to zoom."),
    html("p", {}, "A line is thick where much data flows, and the redder the larger the gradient that flows back along it."),
    html("p", {}, "The buttons below, or the keys ← and →, play the forward pass and then the backward pass, step by step."),
    html("h3", {}, "keys"),
    rows([["/", "search"], ["← →", "one step back or on"], ["b", "to the backward pass"], ["+ − 0", "zoom, all of it"], ["f u", "fold, unfold"], ["d", "light or dark"], ["Tab, Enter", "from box to box, open"]]),
  );
}

function forwardDetails(number) {
  const step = graph.steps[number], op = graph.ops[step.op];
  const given = step.kind !== "op";
  return [
    html("h2", {}, step.title || label(number)),
    html("p", { className: "path" }, `forward · ${step.where || (given ? "given" : "computed")}`),
    html("p", {}, given ? "It is given, before anything is computed." : op ? op.says : ""),
    ...step.operands.flatMap((i) => numbers(`${label(i)}${graph.steps[i].shape ? ` ${graph.steps[i].shape}` : ""}`, graph.steps[i].data, "")),
    ...numbers(given ? "value" : "gives", step.data, ""),
  ];
}

function backwardDetails(number) {
  const step = graph.steps[number], op = graph.ops[step.op];
  const users = players.users[number];
  const why = number === graph.steps.length - 1
    ? "The backward pass begins here: the gradient of a number with respect to itself is 1."
    : `Its gradient is complete: all that use it (${users.map(label).join(", ")}) came before. That is why steps are taken newest first.`;
  return [
    html("h2", {}, step.title || label(number)),
    html("p", { className: "path" }, "backward"),
    html("p", {}, why),
    ...numbers("upstream gradient", step.grad, "grad"),
    ...(step.kind === "op" ? [...(op ? ruleDetails(op).slice(2) : []), ...contributions(step)] : [html("p", {}, "It is a leaf: nothing lies behind it, and this is its gradient.")]),
  ];
}

function contributions(step) {
  if (!step.parts.length) return [html("p", {}, "What it contributes to each operand is not known: trace() keeps that.")];
  const made = [html("h3", {}, "upstream × local = contribution")];
  for (const part of step.parts) {
    const more = part.later > part.missing.length && part.missing.length > 7 ? " and others" : "";
    const missing = part.missing.length ? `still missing: what ${part.missing.map(label).join(", ")}${more} will add` : "complete: nothing else is still to add to it";
    made.push(html("div", { className: "part" },
      html("p", {}, "to ", linkTo(part.to, label(part.to))),
      part.local !== undefined
        ? html("pre", {}, `${short(part.upstream)} × ${short(part.local)} = ${short(part.value)}`)
        : html("p", {}, "norm of the contribution: ", html("code", {}, short(part.value))),
      rows([["already there", short(part.before)], ["now there", short(part.after)], ["", missing]])));
  }
  return made;
}

listen();
$("time").max = player.last;
$("time").addEventListener("input", () => player.go(+$("time").value));
$("start").onclick = () => player.go(0);
$("back").onclick = () => player.go(player.time - 1);
$("next").onclick = () => player.go(player.time + 1);
$("turn").onclick = () => player.go(player.forward.length + 1);
$("note").textContent = graph.note;
draw();
begin();
welcome();
