/* The panel: what there is to know of a step or a group, in words and numbers. */

function short(x) {
  if (typeof x !== "number") return String(x); // nan and inf come as text
  if (x === 0 || Number.isInteger(x) && Math.abs(x) < 1e6) return String(x).replace("-", "−");
  const size = Math.abs(x);
  return (size >= 1e-3 && size < 1e6 ? String(+x.toPrecision(5)) : x.toExponential(3)).replaceAll("-", "−");
}

function rows(entries) {
  return html("table", {}, html("tbody", {}, ...entries.filter(([, value]) => value !== null && value !== undefined && value !== "")
    .map(([name, value]) => html("tr", {}, html("th", { scope: "row" }, name), html("td", {}, value)))));
}

/* The numbers of a small array; of a large one the range, mean and norm, and a histogram. */
function numbers(title, found, kind) {
  if (!found) return [];
  const made = [html("h3", {}, title)];
  if (found.numbers) made.push(html("pre", {}, found.numbers.map(short).join("  ")));
  if (found.min !== undefined)
    made.push(rows([["range", `${short(found.min)} … ${short(found.max)}`], ["mean", short(found.mean)], ["norm", short(found.norm)], ["not finite", found.strange || ""]]));
  if (found.bars) {
    const most = Math.max(...found.bars, 1), bars = html("div", { className: `bars ${kind}` });
    bars.setAttribute("role", "img");
    bars.setAttribute("aria-label", `Histogram of ${found.of}: ${found.bars.join(", ")}`);
    bars.append(...found.bars.map((n) => { const bar = html("i", { title: String(n) }); bar.style.height = `${Math.round(100 * n / most)}%`; return bar; }));
    made.push(bars, html("div", { className: "ends" }, html("span", {}, short(found.min)), html("span", {}, found.of), html("span", {}, short(found.max))));
  }
  return made;
}

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

const KINDS = { leaf: "leaf: its gradient is what backward computes", input: "input: it needs no gradient", op: "operation" };

function stepDetails(number) {
  const step = graph.steps[number], op = graph.ops[step.op];
  return [
    html("h2", {}, step.title || label(number)),
    html("p", { className: "path" }, [step.where, KINDS[step.kind]].filter(Boolean).join(" · ")),
    rows([["shape", step.shape], ["operands", step.operands.length ? listed([...new Set(step.operands)]) : null],
      ["used by", players.users[number].length ? listed(players.users[number].slice(0, 12)) : null]]),
    step.source ? html("h3", {}, step.source) : null,
    step.line ? html("pre", {}, step.line) : null,
    ...(op ? ruleDetails(op) : []),
    ...numbers("value", step.data, ""),
    ...numbers("gradient", step.grad, "grad"),
    step.saved.length ? html("h3", {}, "saved for the backward pass") : null,
    step.saved.length ? rows(step.saved) : null,
  ];
}

function ruleDetails(op) {
  return [
    html("h3", {}, "what it computes"), html("p", {}, op.says),
    op.rules.length ? html("h3", {}, "the rule of its gradient") : null,
    op.words ? html("p", {}, op.words) : null,
    op.rules.length ? rows(op.rules.map(([name, rule]) => [`d ${name}`, html("code", {}, rule)])) : null,
  ];
}

function groupDetails(number) {
  const group = view.group(number);
  const apart = view.apart.has(number), buttons = [];
  buttons.push(html("button", { type: "button", onclick: () => toggle(number) }, view.open.has(number) ? "Fold" : "Unfold"), " ");
  if (group.count > 1 && group.complete)
    buttons.push(html("button", { type: "button", onclick: () => { if (!view.apart.delete(number)) view.apart.add(number); draw(); centre(number); showDetails(number); } },
      apart ? "Draw them as one" : `Draw all ${group.count}`));
  return [
    html("h2", {}, apart ? group.own : group.title),
    html("p", {}, ...buttons),
    group.count > 1 ? html("p", {}, `${group.count} in a row are alike: they have the same operations on the same shapes.`) : null,
    rows(group.lines.map((line) => ["", line])),
    html("h3", {}, "in it"),
    html("p", {}, listed(view.stepsIn(number).slice(0, 40))),
  ];
}
