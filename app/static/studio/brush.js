// A picture that can be brushed: what is brushed over is a hole, to be filled.

import { h } from "./element.js";

/** A canvas at the model's own size, with holes. `onChange()` is called after every stroke. */
export class Brush {
  constructor(onChange) {
    this.onChange = onChange;
    this.radius = 5;
    this.isOn = false;
    this.picture = h("canvas", { className: "crisp" });
    this.holes = h("canvas", { className: "crisp holes", tabIndex: 0, role: "img" });
    this.ink = this.holes.getContext("2d", { willReadFrequently: true });
    this.point = h("span", { className: "point", "aria-hidden": "true" });
    this.node = h("div", { className: "brush" }, this.picture, this.holes, this.point);
    this.cursor = null;
    this.holes.addEventListener("pointerdown", (event) => this.begin(event));
    this.holes.addEventListener("pointermove", (event) => event.buttons && this.stroke(event));
    this.holes.addEventListener("pointerup", () => this.isOn && this.onChange());
    this.holes.addEventListener("keydown", (event) => this.walk(event));
  }

  /** Take a bitmap, cut to the model's proportions around its middle. */
  take(bitmap, height, width) {
    for (const canvas of [this.picture, this.holes]) [canvas.width, canvas.height] = [width, height];
    const scale = Math.max(width / bitmap.width, height / bitmap.height);
    const context = this.picture.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (width - bitmap.width * scale) / 2, (height - bitmap.height * scale) / 2, bitmap.width * scale, bitmap.height * scale);
    this.cursor = { x: width / 2, y: height / 2 };
    this.showCursor();
  }

  /** Allow the brush or not. */
  allow(isOn) {
    this.isOn = isOn;
    this.node.classList.toggle("on", isOn);
    this.holes.setAttribute("aria-label", isOn ? "Your picture: brush what shall be filled; arrow keys move the brush, the space bar paints" : "Your picture");
  }

  /** Say whether anything is brushed. */
  get hasHoles() {
    const { width, height } = this.holes;
    return this.ink.getImageData(0, 0, width, height).data.some((value, index) => index % 4 === 3 && value);
  }

  clear() {
    this.ink.clearRect(0, 0, this.holes.width, this.holes.height);
    this.onChange();
  }

  /** Write the picture as a PNG whose holes are transparent. */
  toBlob() {
    const { width, height } = this.picture;
    const sheet = h("canvas", { width, height });
    const context = sheet.getContext("2d");
    context.drawImage(this.picture, 0, 0);
    context.globalCompositeOperation = "destination-out";
    context.drawImage(this.holes, 0, 0);
    return new Promise((resolve) => sheet.toBlob(resolve, "image/png"));
  }

  begin(event) {
    if (!this.isOn) return;
    this.holes.setPointerCapture(event.pointerId);
    this.stroke(event);
  }

  stroke(event) {
    const box = this.holes.getBoundingClientRect();
    const scale = this.holes.width / box.width;
    this.dab((event.clientX - box.left) * scale, (event.clientY - box.top) * scale);
  }

  dab(x, y) {
    if (!this.isOn) return;
    this.ink.fillStyle = getComputedStyle(this.holes).color;
    // Whole pixels: a hole has no soft rim.
    for (let row = Math.floor(y - this.radius); row <= y + this.radius; row++)
      for (let column = Math.floor(x - this.radius); column <= x + this.radius; column++)
        if (Math.hypot(row + 0.5 - y, column + 0.5 - x) <= this.radius) this.ink.fillRect(column, row, 1, 1);
  }

  /** Show where the keys have moved the brush to, and how wide it is. */
  showCursor() {
    const { width, height } = this.holes;
    const part = (value, of) => `${(100 * value) / of}%`;
    this.point.style.cssText = `left:${part(this.cursor.x, width)};top:${part(this.cursor.y, height)};width:${part(2 * this.radius, width)};height:${part(2 * this.radius, height)}`;
  }

  walk(event) {
    const steps = { ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2], " ": [0, 0] };
    const step = this.isOn && steps[event.key];
    if (!step) return;
    event.preventDefault();
    this.cursor.x = Math.min(this.holes.width, Math.max(0, this.cursor.x + step[0]));
    this.cursor.y = Math.min(this.holes.height, Math.max(0, this.cursor.y + step[1]));
    this.showCursor();
    if (event.key !== " ") return;
    this.dab(this.cursor.x, this.cursor.y);
    this.onChange();
  }
}
