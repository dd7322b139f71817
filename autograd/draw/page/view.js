/* What is in view: which groups are open, and which box each step is in. Steps and groups are numbered together. */

class View {
  constructor(graph) {
    this.graph = graph;
    this.open = new Set(graph.open);
    this.apart = new Set(); // stacks whose members are drawn one by one; a stack goes by its member that stands for all
    this.faces = new Map(); // of stacks that another member stands for
    this.paths = graph.steps.map((step) => this.around(step.group));
  }

  /* The groups around a step or group, from the root inwards. */
  around(number) {
    const path = [];
    for (let n = number; n !== null; n = this.group(n).parent) path.unshift(n);
    return path;
  }

  isStep(number) { return number < this.graph.steps.length; }
  group(number) { return this.graph.groups[number - this.graph.steps.length]; }

  /* The stack that a group is on, or null. */
  stackOf(number) { return this.group(number).standIn ?? (this.group(number).count > 1 ? number : null); }
  face(stack) { return this.faces.get(stack) ?? stack; }

  /* Is another member of its stack drawn in place of a group? */
  isHidden(number) {
    const stack = this.stackOf(number);
    return stack !== null && !this.apart.has(stack) && this.face(stack) !== number;
  }

  /* The members of a stack, in order. */
  members(stack) {
    return this.graph.groups.map((_, i) => i + this.graph.steps.length).filter((n) => this.stackOf(n) === stack);
  }

  /* The steps in a group, inputs aside, in an order that is the same in identical groups. */
  stepsIn(number) {
    const group = this.group(number);
    group.all ??= group.children.flatMap((n) =>
      this.isStep(n) ? (this.graph.steps[n].kind === "input" ? [] : [n]) : this.stepsIn(n));
    return group.all;
  }

  /* The step that is drawn in the place of one: itself, or its twin in the member of the stack that is shown. */
  drawn(step) {
    for (;;) {
      const hidden = this.paths[step].find((n) => this.isHidden(n));
      if (hidden === undefined) return step;
      const twin = this.stepsIn(this.face(this.stackOf(hidden)))[this.stepsIn(hidden).indexOf(step)];
      if (twin === undefined) return null;
      step = twin;
    }
  }

  /* The box that shows a step: itself, or the outermost folded group around it. */
  place(step) {
    const drawn = this.drawn(step);
    return drawn === null ? null : this.paths[drawn].find((n) => !this.open.has(n)) ?? drawn;
  }

  /* The boxes in order, and the edges between them, each with the steps whose values flow there. */
  compute() {
    const places = this.graph.steps.map((_, i) => this.place(i));
    const first = new Map(), edges = new Map();
    const isOp = (i) => this.graph.steps[i].kind === "op";
    places.forEach((place, i) => { // a group stands where its first operation does: leaves are older
      if (place !== null && (!first.has(place) || (isOp(i) && !isOp(first.get(place))))) first.set(place, i);
    });
    const add = (operand, i) => {
      const tail = places[operand], head = places[i];
      if (tail === null || head === null || tail === head) return;
      const next = this.paths[operand].some((n) => this.group(n).count > 1 || this.group(n).standIn !== null);
      if (next && this.drawn(operand) > this.drawn(i)) return; // into the next member of a stack
      const key = `${tail} ${head}`;
      if (!edges.has(key)) edges.set(key, { tail, head, steps: [] });
      edges.get(key).steps.push(operand);
    };
    this.graph.steps.forEach((step, i) => { for (const operand of step.operands) add(operand, i); });
    for (const [operand, i] of this.graph.more) add(operand, i);
    this.places = places;
    return { nodes: [...first].map(([number, order]) => ({ number, order, op: isOp(order) })), edges: [...edges.values()] };
  }

  /* Let the groups around a step or a group stand for their stacks. Was any of them hidden? */
  bring(number) {
    const hidden = (this.isStep(number) ? this.paths[number] : this.around(number)).filter((n) => this.isHidden(n));
    for (const n of hidden) {
      const stack = this.stackOf(n);
      if (this.open.has(this.face(stack))) this.open.add(n);
      this.faces.set(stack, n);
    }
    return hidden.length > 0;
  }

  /* Open all groups around a step or a group, so that it is drawn. */
  reveal(number) {
    this.bring(number);
    const path = this.isStep(number) ? this.paths[number] : this.around(this.group(number).parent);
    for (const n of path) this.open.add(n);
  }

  toggle(number) {
    if (!this.open.delete(number)) this.open.add(number);
  }

  foldAll() { this.open = new Set([this.graph.root]); this.apart.clear(); }

  /* Open one level more than is open now; functions last. */
  unfoldMore() {
    const closed = this.graph.groups.map((_, i) => i + this.graph.steps.length)
      .filter((n) => !this.open.has(n) && this.open.has(this.group(n).parent));
    const modules = closed.filter((n) => this.group(n).kind !== "function");
    for (const n of modules.length ? modules : closed) this.open.add(n);
  }
}
