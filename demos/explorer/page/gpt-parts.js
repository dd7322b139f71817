// Parts of the GPT page: tokens as text, packed arrays, and maps of attention.

import { paintSigned } from "./explorer.js";

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

/** Paint the shares of attention (T, T), to `full`, as pixels; by their square roots, so that small ones are seen too. */
export function paintShares(canvas, shares, T, full) {
  canvas.width = canvas.height = T;
  paintSigned(canvas, Array.from(shares, (share) => 127 * Math.sqrt(share / full)));
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
  const left = labelled ? widest + 4 : 2;
  const cell = Math.max(Math.min((room - left - 2) / T, 30), 1), size = left + cell * T + 2;
  canvas.width = size * sharp;
  canvas.height = size * sharp;
  canvas.style.width = canvas.style.height = `${size}px`;
  context.scale(sharp, sharp);
  const pixels = document.createElement("canvas");
  paintShares(pixels, shares, T, 1);
  context.imageSmoothingEnabled = false;
  context.drawImage(pixels, left, left, T * cell, T * cell);
  context.fillStyle = "rgb(128 128 128 / 0.12)"; // what is masked
  for (let row = 0; row < T; row++) {
    let end = T;
    while (end > 0 && shares[row * T + end - 1] === 0) end--;
    context.fillRect(left + end * cell, left + row * cell, (T - end) * cell, cell);
  }
  if (labelled) {
    context.fillStyle = getComputedStyle(canvas).color;
    context.font = `${Math.min(12, cell + 1)}px ui-monospace, monospace`;
    context.textBaseline = "middle";
    for (let i = 0; i < T; i++) {
      context.textAlign = "right";
      context.fillText(texts[i], left - 3, left + (i + 0.5) * cell);
      context.save();
      context.translate(left + (i + 0.5) * cell, left - 3);
      if (widest > 16) context.rotate(-Math.PI / 2);
      else context.translate(0, -6);
      context.textAlign = widest > 16 ? "left" : "center";
      context.fillText(texts[i], 0, 0);
      context.restore();
    }
  }
  context.strokeStyle = "rgb(213 94 0)";
  context.lineWidth = 2;
  context.strokeRect(left, left + chosen * cell, cell * T, Math.max(cell, 2));
  return { left, cell };
}
