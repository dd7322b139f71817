/* The panel: what there is to know of a step or a group, in words and numbers. */

function linkTo(number, text) {
  return html("button", { className: "link", type: "button", onclick: () => goTo(number) }, text);
}

function label(number) {
  const step = graph.steps[number];
  return step.name || step.title || (step.kind === "input" ? "input" : "value") + ` ${step.lines[0] ?? ""}`;
}

function listed(numbers_) {
  return html("span", {}, ...numbers_.flatMap((n, i) => [i ? ", " : "", linkTo(n, label(n))]));
}

function showDetails(number) {
  if (view.isStep(number)) show(...stepDetails(number));
  else show(...groupDetails(number));
}

function show(...content) { $("panel").replaceChildren(...content.filter((one) => one !== null)); $("panel").scrollTop = 0; }

const KINDS = { leaf: "leaf: its gradient is what backward computes", input: "input: it needs no gradient", op: "operation", others: "all numbers of this tensor that are not shown" };

function stepDetails(number) {
  const step = graph.steps[number], op = whole.rules[step.op], [source, line] = graph.sources[step.source] ?? [];
  return [
    html("h2", {}, step.title || label(number)),
    html("p", { className: "path" }, [step.where, KINDS[step.kind]].filter(Boolean).join(" · ")),
    rows([["shape", step.shape], ["operands", step.operands.length ? listed([...new Set(step.operands)]) : null],
      ["used by", users[number].length ? listed(users[number].slice(0, 12)) : null]]),
    source ? html("h3", {}, source) : null,
    line ? html("pre", {}, line) : null,
    ...(op ? ruleDetails(op) : []),
    ...numbers("value", step.data, ""),
    ...numbers("gradient", step.grad, "grad"),
    ...(step.kind === "leaf" ? openings(elementsOf(number)) : []),
    ...(step.saved.length ? [html("h3", {}, "saved for the backward pass"), rows(step.saved),
      html("p", { className: "path" }, `It keeps ${step.kept} in memory, beside parameters, inputs and what others keep.`)] : []),
  ];
}

/* The elements of a leaf, or of what stands for it, that can be opened. */
function elementsOf(number) {
  return graph === whole ? whole.elements.filter(({ leaf }) => leaf === number) : [];
}

function openings(elements) {
  if (graph !== whole) return [];
  const how = "save(loss, \"graph.html\", open={\"name\": [(3, 5)]})";
  if (!elements.length) return graph.sources.length ? [html("h3", {}, "one number of it, down to scalars"), html("p", { className: "path" }, html("code", {}, how), " opens the elements that it names.")] : [];
  return [
    html("h3", {}, "one number as a graph of its own"),
    ...elements.map(({ name, graph: its }) =>
      html("p", {}, html("button", { type: "button", className: "link open", onclick: () => turnTo(its) }, name))),
    html("p", { className: "path" }, "Largest gradients, or those asked for: ", html("code", {}, how), "."),
  ];
}

function ruleDetails(op, formulas = true) {
  return [
    html("h3", {}, "what it computes"), html("p", {}, op.says),
    op.rules.length ? html("h3", {}, "the rule of its gradient") : null,
    op.words ? html("p", {}, op.words) : null,
    op.rules.length && formulas ? rows(op.rules.map(([name, rule]) => [`d ${name}`, html("code", {}, rule)])) : null,
  ];
}

function groupDetails(number) {
  const group = view.group(number), stack = view.stackOf(number), apart = view.apart.has(stack);
  const buttons = [html("button", { type: "button", onclick: () => toggle(number) }, view.open.has(number) ? "Fold" : "Unfold"), " "];
  const { count, complete } = stack === null ? { count: 1 } : view.group(stack);
  if (count > 1 && complete) {
    const change = () => { if (!view.apart.delete(stack)) view.apart.add(stack); draw(); centre(number); choose(number); };
    buttons.push(html("button", { type: "button", onclick: change }, apart ? "Draw them as one" : `Draw all ${count}`));
    if (!apart) buttons.push(html("label", {}, " Show ", members(stack, number)));
  }
  return [
    html("h2", {}, apart ? group.own : content(number).title),
    html("p", {}, ...buttons),
    count > 1 ? html("p", {}, `${count} in a row are alike: they have the same operations on the same shapes.`) : null,
    rows(group.lines.map((line) => ["", line])),
    html("h3", {}, "in it"),
    html("p", {}, listed(view.stepsIn(number).slice(0, 40))),
  ];
}

/* Which member of a stack is drawn for all of them. */
function members(stack, shown) {
  const options = view.members(stack).map((n) => html("option", { value: n, selected: n === shown }, nameOf(view.group(n))));
  const change = ({ target: { value } }) => { view.bring(+value); draw(); choose(+value, true); };
  return html("select", { onchange: change }, ...options);
}
