// Parts of the GPT page: tokens as text, packed arrays, and arrays as colours.

const MARKS = { " ": "␣", "\n": "↵", "\t": "⇥", "\r": "␍" };
const NAMES = { " ": "space", "\n": "line break", "\t": "tab", "": "nothing" };

/** A token as it is shown: spaces and line breaks have marks. */
export const shown = (text) => text.replace(/[ \n\t\r]/g, (c) => MARKS[c]) || "∅";
export const quoted = (text) => `“${shown(text)}”`;
/** A token as a screen reader should say it. */
export const spoken = (text) => NAMES[text] ?? text;

/** The array of a `{shape, kind, data}` of the server: a typed array with a `shape`. */
export function unpacked({ shape, kind, data }) {
  const bytes = Uint8Array.from(atob(data), (c) => c.charCodeAt(0));
  const array = kind === "uint8" ? bytes : new Float32Array(bytes.buffer);
  return Object.assign(array, { shape });
}

/** The red, green and blue of a colour of the style, in light or dark as the page is. */
export function colour(name) {
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g).slice(0, 3).map(Number);
  probe.remove();
  return found;
}

/** Paint shares (from 0 to `full`) as pixels, from the colour of the paper to the accent. */
export function paintShares(canvas, shares, columns, full) {
  const rows = shares.length / columns, [from, to] = [colour("--paper"), colour("--accent")];
  paint(canvas, columns, rows, (i) => mix(from, to, Math.sqrt(shares[i] / full)));
}

/** Paint signed numbers as a row of pixels: blue above 0, orange below, as strong as they are large beside `most`. */
export function paintSigned(canvas, numbers, most) {
  const [paper, low, high] = [colour("--paper"), colour("--warm"), colour("--accent")];
  paint(canvas, numbers.length, 1, (i) => mix(paper, numbers[i] < 0 ? low : high, Math.min(Math.abs(numbers[i]) / most, 1)));
}

const mix = (a, b, share) => a.map((x, c) => x + (b[c] - x) * share);

function paint(canvas, width, height, colourOf) {
  canvas.width = width;
  canvas.height = height;
  const image = new ImageData(width, height);
  for (let i = 0; i < width * height; i++) image.data.set([...colourOf(i), 255], 4 * i);
  canvas.getContext("2d").putImageData(image, 0, 0);
}

/**
 * Draw attention (T, T) with the tokens along its edges, where there is room, and a frame around the chosen row.
 * Returns where the cells are: their size, and where the first begins, from the left and from the top.
 */
export function drawMap(canvas, shares, names, chosen) {
  const T = names.length, sharp = window.devicePixelRatio || 1;
  const room = Math.min(canvas.parentElement.clientWidth, 660);
  const context = canvas.getContext("2d");
  context.font = "12px ui-monospace, monospace";
  const texts = names.map((name) => (shown(name).length > 8 ? `${shown(name).slice(0, 7)}…` : shown(name)));
  const widest = Math.max(...texts.map((text) => context.measureText(text).width)) + 6;
  const labelled = (room - widest) / T >= 9;
  const left = labelled ? widest : 2;
  const cell = Math.max(Math.min((room - left - 2) / T, 30), 1), size = left + cell * T + 2;
  canvas.width = size * sharp;
  canvas.height = size * sharp;
  canvas.style.width = canvas.style.height = `${size}px`;
  context.scale(sharp, sharp);
  const [paper, accent, ink, tint] = ["--paper", "--accent", "--ink", "--tint"].map(colour);
  const css = (c) => `rgb(${c.map(Math.round).join()})`;
  for (let i = 0; i < T * T; i++) {
    const row = Math.floor(i / T), column = i % T, share = shares[i];
    context.fillStyle = css(share === 0 ? tint : mix(paper, accent, Math.sqrt(share)));
    context.fillRect(left + column * cell, left + row * cell, cell + 0.5, cell + 0.5);
  }
  if (labelled) {
    context.fillStyle = css(ink);
    context.font = `${Math.min(12, cell + 1)}px ui-monospace, monospace`;
    context.textBaseline = "middle";
    for (let i = 0; i < T; i++) {
      context.textAlign = "right";
      context.fillText(texts[i], left - 3, left + (i + 0.5) * cell);
      context.save();
      context.translate(left + (i + 0.5) * cell, left - 3);
      context.rotate(-Math.PI / 2);
      context.textAlign = "left";
      context.fillText(texts[i], 0, 0);
      context.restore();
    }
  }
  context.strokeStyle = css(colour("--warm"));
  context.lineWidth = 2;
  context.strokeRect(left, left + chosen * cell, cell * T, Math.max(cell, 2));
  return { left, cell };
}
