/* Where everything goes: each open group is laid out by itself, in layers from top to bottom, the innermost first.
   An edge that leaves a group goes through a port at its border, so that it finds its way around the other boxes. */

const GAP_X = 22, GAP_Y = 34, PAD = 16;

/* nodes: {number, order, op, width, height}; edges: {tail, head}; around: the open groups that a number is in, from the
   root; heading: the width and height of the title of an open group. */
function layout(nodes, edges, around, root, heading) {
  const levels = new Map();
  const level = (group) => {
    if (!levels.has(group)) levels.set(group, { nodes: new Map(), links: new Map() });
    return levels.get(group);
  };
  const add = (group, key, node) => {
    const { nodes } = level(group), there = nodes.get(key);
    if (!there) nodes.set(key, { key, ...node });
    else if (node.op && (!there.op || node.order < there.order)) Object.assign(there, { op: true, order: node.order });
  };
  const link = (group, from, to, tail, head) => level(group).links.set(`${from} ${to} ${tail} ${head}`, { from, to, tail, head });
  level(root);
  for (const node of nodes) {
    const path = [...around(node.number), node.number];
    for (let i = 1; i < path.length; i++) add(path[i - 1], path[i], { ...node });
  }
  for (const edge of edges) {
    const a = [...around(edge.tail), edge.tail], b = [...around(edge.head), edge.head];
    let d = 0;
    while (a[d] === b[d]) d++;
    link(a[d - 1], a[d], b[d], edge.tail, edge.head);
    for (let i = d; i < a.length - 1; i++) {
      add(a[i], `out ${edge.tail}`, { order: Infinity, width: 4, height: 0, side: "bottom" });
      link(a[i], a[i + 1], `out ${edge.tail}`, edge.tail, null);
    }
    for (let i = d; i < b.length - 1; i++) {
      add(b[i], `in ${edge.head}`, { order: -Infinity, width: 4, height: 0, side: "top" });
      link(b[i], `in ${edge.head}`, b[i + 1], null, edge.head);
    }
  }
  const deepest = [...levels.keys()].sort((x, y) => around(y).length - around(x).length);
  for (const group of deepest) {
    const { nodes, links } = level(group);
    for (const [key, node] of nodes) if (levels.has(key)) Object.assign(node, { width: level(key).width, height: level(key).height });
    const offset = (key, port) => {
      const inner = levels.get(key);
      return inner && port ? inner.nodes.get(port).x - inner.width / 2 : 0;
    };
    for (const one of links.values()) {
      one.tailOffset = one.tail === null ? 0 : offset(one.from, `out ${one.tail}`);
      one.headOffset = one.head === null ? 0 : offset(one.to, `in ${one.head}`);
    }
    Object.assign(level(group), layers([...nodes.values()], [...links.values()], group === root ? null : heading(group)));
  }
  const boxes = new Map(), frames = new Map(), waiting = [[root, 0, 0]];
  for (const [group, left, top] of waiting) {
    const { nodes, width, height } = level(group);
    Object.assign(level(group), { left, top });
    frames.set(group, { x: left, y: top, width, height });
    for (const [key, node] of nodes) {
      const x = left + node.x - node.width / 2, y = top + node.y;
      if (levels.has(key)) waiting.push([key, x, y]);
      else if (!node.side) boxes.set(key, { x, y, width: node.width, height: node.height });
    }
  }
  return { boxes, frames, routes: edges.map((edge) => route(edge, level, around)) };
}

/* The points of an edge: out of all groups around its tail, across, and into those around its head. */
function route(edge, level, around) {
  const a = [...around(edge.tail), edge.tail], b = [...around(edge.head), edge.head];
  let d = 0;
  while (a[d] === b[d]) d++;
  const part = (group, from, to, tail, head) => {
    const { left, top, nodes, links } = level(group);
    const one = links.get(`${from} ${to} ${tail} ${head}`);
    const start = nodes.get(from), end = nodes.get(to);
    const points = one.points ?? [];
    return [
      [start.x + one.tailOffset, start.y + start.height],
      ...points,
      [end.x + one.headOffset, end.y],
    ].map(([x, y]) => [left + x, top + y]);
  };
  const points = [];
  for (let i = a.length - 2; i >= d; i--) points.push(...part(a[i], a[i + 1], `out ${edge.tail}`, edge.tail, null));
  points.push(...part(a[d - 1], a[d], b[d], edge.tail, edge.head));
  for (let i = d; i < b.length - 1; i++) points.push(...part(b[i], `in ${edge.head}`, b[i + 1], null, edge.head));
  return points.filter(([x, y], i) => i === 0 || Math.hypot(x - points[i - 1][0], y - points[i - 1][1]) > 0.5);
}

/* Sugiyama's method: ranks, few crossings, then coordinates. Sets x (the centre) and y (the top) of the nodes. The title
   of a group stands left of the ports at its top, so that no edge crosses it. */
function layers(nodes, links, heading) {
  if (nodes.some((node) => node.side === "top"))
    nodes.push({ key: "title", order: -Infinity, side: "top", isTitle: true, width: heading.width - GAP_X, height: 0 });
  nodes.sort((a, b) => a.order - b.order);
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const down = links.filter((one) => byKey.get(one.from).order < byKey.get(one.to).order);
  for (const node of nodes) { node.above = []; node.below = []; }
  for (const one of down) { byKey.get(one.from).below.push(one); byKey.get(one.to).above.push(one); }
  const ports = nodes.some((node) => node.side === "top") ? 1 : 0;
  for (const node of nodes) node.rank = node.side ? 0 : node.above.reduce((r, one) => Math.max(r, byKey.get(one.from).rank + 1), ports);
  for (const node of [...nodes].reverse()) // what starts here stands right above its first user
    if (!node.above.length && !node.side && node.below.some((one) => byKey.get(one.to).side !== "bottom"))
      node.rank = Math.min(...node.below.map((one) => byKey.get(one.to)).filter((to) => !to.side).map((to) => to.rank - 1));
  const last = Math.max(0, ...nodes.filter((node) => !node.side).map((node) => node.rank));
  for (const node of nodes) if (node.side === "bottom") node.rank = last + 1;
  const rows = Array.from({ length: Math.max(0, ...nodes.map((node) => node.rank)) + 1 }, () => []);
  for (const node of nodes) { node.up = []; node.down = []; rows[node.rank].push(node); }
  for (const one of down) {
    let from = byKey.get(one.from), offset = one.tailOffset;
    const to = byKey.get(one.to);
    one.chain = [];
    for (let rank = from.rank + 1; rank <= to.rank; rank++) {
      const next = rank === to.rank ? to : { width: 6, height: 0, up: [], down: [], rank, bend: true };
      const its = next === to ? one.headOffset : 0;
      from.down.push({ node: next, by: offset - its });
      next.up.push({ node: from, by: its - offset });
      if (next !== to) { rows[rank].push(next); one.chain.push(next); }
      from = next;
      offset = 0;
    }
  }
  for (const row of rows) row.forEach((node, i) => { node.place = i; });
  for (let sweep = 0; sweep < 12; sweep++) {
    const [order, side] = sweep % 2 ? [[...rows].reverse(), "down"] : [rows, "up"];
    for (const row of order) {
      for (const node of row) node.wish = node[side].length ? mean(node[side].map((n) => n.node.place - n.by / 400)) : node.place;
      row.sort((a, b) => Boolean(b.isTitle) - Boolean(a.isTitle) || a.wish - b.wish);
      row.forEach((node, i) => { node.place = i; });
    }
  }
  for (const row of rows) {
    let x = 0;
    for (const node of row) { node.x = x + node.width / 2; x += node.width + GAP_X; }
    for (const node of row) node.x -= x / 2;
  }
  for (let sweep = 0; sweep < 14; sweep++) {
    const [order, sides] = sweep % 2 ? [[...rows].reverse(), ["down"]] : [rows, ["up"]];
    for (const row of order) spread(row, sweep > 11 ? ["up", "down"] : sides);
  }
  let y = !heading ? PAD : ports ? heading.height - GAP_Y + 12 : heading.height + 10;
  for (const row of rows) {
    const height = Math.max(0, ...row.map((node) => node.height));
    if (row.every((node) => node.side === "bottom" || node.bend)) y -= GAP_Y - 8;
    for (const node of row) {
      const share = node.up.length && node.down.length ? 0.5 : node.up.length ? 0 : 1; // near to its neighbours
      node.y = y + (height - node.height) * share;
      node.row = [y, y + height];
    }
    y += height + GAP_Y;
  }
  const chains = down.flatMap((one) => one.chain);
  const least = Math.min(...[...nodes, ...chains].map((node) => node.x - node.width / 2));
  const most = Math.max(...[...nodes, ...chains].map((node) => node.x + node.width / 2));
  const width = Math.max(most - least + 2 * PAD, heading?.width ?? 0), height = y - GAP_Y + PAD;
  for (const node of [...nodes, ...chains]) node.x += (width - most - least) / 2;
  for (const node of nodes) {
    if (node.side) node.y = node.side === "top" ? 0 : height;
    if (node.side) node.row = [node.y, node.y];
  }
  for (const one of down) {
    const from = byKey.get(one.from), to = byKey.get(one.to);
    one.points = one.chain.flatMap((node) => node.row.map((end) => [node.x, end]));
    one.points.unshift([from.x + one.tailOffset, from.row[1]]); // past what is beside it in its row
    one.points.push([to.x + one.headOffset, to.row[0]]);
  }
  return { width, height };
}

/* Put the nodes of a row, in their order, as near as can be to where their neighbours are, without overlaps: the least
   squares solution, by pooling neighbours that would collide. */
function spread(row, sides) {
  const pools = [];
  let shift = 0;
  row.forEach((node, i) => {
    if (i) shift += (row[i - 1].width + node.width) / 2 + GAP_X;
    const near = sides.flatMap((side) => node[side]);
    const weight = near.length ? (node.bend ? 4 : 1) : 0.01;
    const wish = (near.length ? mean(near.map((n) => n.node.x - n.by)) : node.x) - shift;
    node.shift = shift;
    pools.push({ wish, weight, nodes: [node] });
    while (pools.length > 1 && pools.at(-2).wish > pools.at(-1).wish) {
      const b = pools.pop(), a = pools.at(-1);
      a.wish = (a.wish * a.weight + b.wish * b.weight) / (a.weight + b.weight);
      a.weight += b.weight;
      a.nodes.push(...b.nodes);
    }
  });
  for (const pool of pools) for (const node of pool.nodes) node.x = pool.wish + node.shift;
}

function mean(numbers) { return numbers.reduce((a, b) => a + b, 0) / numbers.length; }

/* The path of an SVG through the points of an edge, which leaves and reaches each of them upright. */
function curve(points) {
  let path = `M${points[0][0]} ${points[0][1]}`;
  for (let i = 1; i < points.length; i++) {
    const [[x, y], [a, b]] = [points[i - 1], points[i]];
    path += `C${x} ${(y + b) / 2} ${a} ${(y + b) / 2} ${a} ${b}`;
  }
  return path;
}
