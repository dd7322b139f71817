/* The player: the forward pass, oldest step first, then the backward pass, newest first, one step at a time. */

const player = {
  time: 0,

  load() {
    const all = graph.steps.map((_, i) => i);
    this.time = 0;
    this.forward = all;
    this.backward = all.filter((i) => graph.steps[i].kind !== "input").reverse();
    $("time").max = this.last;
  },
  get last() { return this.forward.length + this.backward.length; },
  get step() { const t = this.time - 1, n = this.forward.length; return t < 0 ? null : t < n ? this.forward[t] : this.backward[t - n]; },
  get isBackward() { return this.time > this.forward.length; },

  go(time) {
    this.time = Math.max(0, Math.min(this.last, time));
    $("time").value = this.time;
    if (this.step === null) { chosen = null; mark(); welcome(); return; }
    if (view.bring(this.step)) draw();
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
    ...(graph === whole ? [] : [
      html("p", {}, "Of each tensor on the way from it to the loss, the numbers are shown that carry most of its gradient, and one box stands for the others."),
      html("p", {}, html("button", { type: "button", onclick: () => turnTo(whole) }, "Back to the whole graph")),
    ]),
    html("p", {}, "Click a box to see its numbers, and a module twice to unfold it. Drag to move, scroll to zoom."),
    html("p", {}, "A line is thick where much data flows, and the redder the larger the gradient that flows back along it."),
    html("p", {}, "The buttons below, or the keys ← and →, play the forward pass and then the backward pass, step by step."),
    ...openings(whole.elements),
    html("h3", {}, "keys"),
    rows([["/", "search"], ["← →", "one step back or on"], ["b", "to the backward pass"], ["+ − 0", "zoom, all of it"], ["f u", "fold, unfold"], ["d", "light or dark"], ["Tab, Enter", "from box to box, open"], ["Esc", "from one number to the whole graph"]]),
  );
}

function forwardDetails(number) {
  const step = graph.steps[number], op = whole.rules[step.op];
  const given = step.kind !== "op";
  const says = { others: "They stand for all numbers of this tensor that are not shown.", op: op ? op.says : "" };
  return [
    html("h2", {}, step.title || label(number)),
    html("p", { className: "path" }, `forward · ${step.where || (given ? "given" : "computed")}`),
    html("p", {}, says[step.kind] ?? "It is given, before anything is computed."),
    ...step.operands.flatMap((i) => numbers(`${label(i)}${graph.steps[i].shape ? ` ${graph.steps[i].shape}` : ""}`, graph.steps[i].data, "")),
    ...numbers(given ? "value" : "gives", step.data, ""),
  ];
}

function backwardDetails(number) {
  const step = graph.steps[number], op = whole.rules[step.op];
  const why = number === graph.steps.length - 1
    ? "The backward pass begins here: the gradient of a number with respect to itself is 1."
    : `Its gradient is complete: all that use it (${names(users[number])}) came before. That is why steps are taken newest first.`;
  return [
    html("h2", {}, step.title || label(number)),
    html("p", { className: "path" }, ["backward", step.where].filter(Boolean).join(" · ")),
    html("p", {}, step.kind === "others" ? "Each of them passes its gradient on; what they contribute is added up." : why),
    ...numbers("upstream gradient", step.grad, "grad"),
    ...(step.kind === "leaf" ? [html("p", {}, "It is a leaf: nothing lies behind it, and this is its gradient."), ...openings(elementsOf(number))]
      : [...(op ? ruleDetails(op, !step.shape || !step.parts.length).slice(2) : []), ...contributions(step)]),
  ];
}

function names(numbers_) {
  const shown = numbers_.slice(0, 8).map(label);
  return shown.join(", ") + (numbers_.length > shown.length ? ` and ${numbers_.length - shown.length} others` : "");
}

/* What a step adds to the gradient of each operand: upstream × local = contribution, and what it is added to. */
function contributions(step) {
  if (!step.parts.length) return [html("p", {}, step.several ? "The gradients of all results of this operation go back together, with that of its first one." : "What it contributes to each operand is not known: trace() keeps that.")];
  const made = [html("h3", {}, "upstream × local = contribution")], rule = whole.rules[step.op];
  for (const part of step.parts) {
    const more = part.later > part.missing.length && part.missing.length > 7 ? " and others" : "";
    const missing = part.missing.length ? `still missing: what ${part.missing.map(label).join(", ")}${more} will add` : "complete: nothing else is still to add to it";
    const to = graph.steps[part.to], formula = rule?.rules.find(([arg]) => arg.split(", ").includes(part.arg))?.[1];
    const sized = (shape, norm) => `${shape ? `${shape}, norm ` : ""}${short(norm)}`;
    const lines = part.local !== undefined || step.kind === "others" || !to.shape ? [] : [
      ["upstream g", step.several ? "of all its results" : sized(step.shape, step.flow)],
      [`× local: d ${part.arg}`, formula ? html("code", {}, formula) : null],
      ["= contribution", sized(to.shape, part.value)]];
    made.push(html("div", { className: "part" },
      html("p", {}, "to ", linkTo(part.to, label(part.to))),
      part.local !== undefined ? html("pre", {}, `${short(part.upstream)} × ${short(part.local)} = ${short(part.value)}`) : null,
      rows([...lines, ["together", step.kind === "others" ? short(part.value) : null],
        ["already there", sized("", part.before)], ["now there", sized("", part.after)], ["", missing]])));
  }
  return made;
}
