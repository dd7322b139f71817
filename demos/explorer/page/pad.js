// A field to draw on with mouse, finger, pen or keyboard: white ink on black, 28 by 28 cells.

const CELLS = 28, SENT = 112;

export class Pad {
  /** `changed` is called after each stretch of a stroke, `said` with words for those who do not see the cross. */
  constructor(canvas, changed, said) {
    Object.assign(this, { canvas, changed, said });
    this.size = canvas.width;
    this.cell = this.size / CELLS;
    this.drawing = document.createElement("canvas"); // without the cross
    this.drawing.width = this.drawing.height = this.size;
    this.small = document.createElement("canvas");
    this.small.width = this.small.height = SENT;
    this.history = []; // {points, erase} or {picture}
    this.eraser = this.down = false;
    this.cross = [14, 14];
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.go(event));
    for (const name of ["pointerup", "pointercancel"]) canvas.addEventListener(name, () => { this.pointer = null; });
    canvas.addEventListener("keydown", (event) => this.key(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.show());
    this.redraw();
  }

  at(event) {
    const box = this.canvas.getBoundingClientRect(), scale = this.size / box.width;
    return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
  }

  begin(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.pointer = event.pointerId;
    this.stroke(this.at(event));
  }

  go(event) {
    if (event.pointerId !== this.pointer) return;
    for (const part of event.getCoalescedEvents?.() ?? [event]) this.extend(this.at(part));
    this.changed();
  }

  key(event) {
    const move = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (move) {
      this.cross = this.cross.map((place, i) => Math.min(Math.max(place + move[i], 0), CELLS - 1));
      if (this.down) {
        this.extend(this.middle());
        this.changed();
      }
    } else if (event.key === " ") {
      this.down = !this.down;
      if (this.down) this.stroke(this.middle());
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.clear();
    } else return;
    event.preventDefault();
    this.said(`column ${this.cross[0] + 1}, row ${this.cross[1] + 1}, ${this.tool()} ${this.down ? "down" : "up"}`);
    this.show();
  }

  tool() { return this.eraser ? "eraser" : "pen"; }
  middle() { return this.cross.map((place) => (place + 0.5) * this.cell); }

  stroke(point) {
    this.history.push({ points: [point], erase: this.eraser });
    this.line(this.history.at(-1), [point]);
    this.changed();
  }

  extend(point) {
    const stroke = this.history.at(-1);
    stroke.points.push(point);
    this.line(stroke, stroke.points.slice(-2));
  }

  line({ erase }, points) {
    const pen = this.drawing.getContext("2d");
    pen.strokeStyle = erase ? "#000" : "#fff";
    pen.lineWidth = this.cell * (erase ? 3.2 : 2.2);
    pen.lineCap = pen.lineJoin = "round";
    pen.beginPath();
    pen.moveTo(...points[0]);
    for (const point of points) pen.lineTo(...point);
    pen.stroke();
    this.show();
  }

  undo() { this.history.pop(); this.redraw(); this.changed(); }
  clear() { this.history = []; this.down = false; this.redraw(); this.changed(); }

  /** Take a picture of 28 rows of bytes in place of what is drawn. */
  put(rows) {
    const picture = document.createElement("canvas");
    picture.width = picture.height = CELLS;
    const data = new ImageData(CELLS, CELLS);
    rows.flat().forEach((ink, i) => data.data.set([ink, ink, ink, 255], 4 * i));
    picture.getContext("2d").putImageData(data, 0, 0);
    this.history = [{ picture }];
    this.redraw();
    this.changed();
  }

  redraw() {
    const pen = this.drawing.getContext("2d");
    pen.fillStyle = "#000";
    pen.fillRect(0, 0, this.size, this.size);
    for (const part of this.history) {
      if (part.picture) pen.drawImage(part.picture, 0, 0, this.size, this.size);
      else part.points.forEach((_, i) => this.line(part, part.points.slice(Math.max(i - 1, 0), i + 1))); // as it was drawn
    }
    this.show();
  }

  show() {
    const pen = this.canvas.getContext("2d");
    pen.drawImage(this.drawing, 0, 0);
    if (document.activeElement !== this.canvas || !this.canvas.matches(":focus-visible")) return;
    const [x, y] = this.middle(), half = this.cell * 0.8;
    pen.strokeStyle = this.down ? "#ff9668" : "#56b4e9";
    pen.lineWidth = 2;
    pen.strokeRect(x - this.cell / 2, y - this.cell / 2, this.cell, this.cell);
    pen.beginPath();
    for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pen.moveTo(x + dx * half, y + dy * half);
      pen.lineTo(x + dx * half * 2, y + dy * half * 2);
    }
    pen.stroke();
  }

  /** The ink as rows of bytes. */
  ink() {
    const pen = this.small.getContext("2d", { willReadFrequently: true });
    pen.drawImage(this.drawing, 0, 0, SENT, SENT);
    const { data } = pen.getImageData(0, 0, SENT, SENT);
    return Array.from({ length: SENT }, (_, row) => Array.from({ length: SENT }, (_, i) => data[4 * (row * SENT + i)]));
  }
}
