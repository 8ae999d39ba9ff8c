// @ts-check
// What a figure is made of, and a drawing context that records marks instead of painting them.

/** @typedef {import("../map/canvas.js").Place} Place */

/**
 * @typedef {object} Circle
 * @property {"circle"} kind
 * @property {number} x
 * @property {number} y
 * @property {number} radius
 * @property {string | null} fill
 * @property {string | null} stroke
 * @property {number} width Of the stroke.
 *
 * @typedef {{ kind: "line", from: Place, to: Place, color: string, width: number }} Line
 *
 * @typedef {object} Text
 * @property {"text"} kind
 * @property {string} text
 * @property {number} x Of the start, the middle or the end of the baseline, by `anchor`.
 * @property {number} y Of the baseline.
 * @property {number} size In px.
 * @property {number} weight 400 for regular.
 * @property {string} color
 * @property {"start" | "middle" | "end"} anchor
 * @property {number} length In px, in the font of the screen.
 * @property {{ color: string, width: number } | null} halo A line around the letters.
 * @property {boolean} [turned] Whether it is turned clockwise by 90 degrees around (x, y).
 *
 * @typedef {object} Ramp A gradient, from left to right, or from the bottom up where it is higher than wide.
 * @property {"ramp"} kind
 * @property {number} x
 * @property {number} y
 * @property {number} width
 * @property {number} height
 * @property {string[]} colors
 *
 * @typedef {object} Shape Areas with the same color, or their outlines; of two areas one within the other that
 *   run in opposite directions, the inner one is a hole.
 * @property {"shape"} kind
 * @property {Place[][]} rings
 * @property {string | null} fill
 * @property {string | null} stroke
 * @property {number} width Of the stroke.
 *
 * @typedef {{ kind: "image", image: HTMLImageElement, opacity: number, isSmooth: boolean } & Figure["plot"]} Image
 *   `isSmooth`: whether its pixels are blended where it is scaled.
 *
 * @typedef {Circle | Line | Text | Ramp | Shape | Image} Mark
 */

/**
 * @typedef {object} Dots Points of one opacity, in the order in which they are drawn.
 * @property {string} name
 * @property {number} radius
 * @property {Float32Array | null} radii Of each point; null where all have `radius`.
 * @property {number} opacity
 * @property {string[]} palette
 * @property {Uint8Array | null} codes The color of each point; null where all have the first.
 * @property {Float32Array} xs
 * @property {Float32Array} ys
 */

/**
 * @typedef {object} Figure What is exported; each format writes the same. All lengths are in px.
 * @property {string} title
 * @property {number} width
 * @property {number} height
 * @property {string} font
 * @property {string | null} background Null for none.
 * @property {{ x: number, y: number, width: number, height: number }} plot What is inside is drawn.
 * @property {number} opacity Of the dots and what is below them together.
 * @property {Mark[]} below Lines and areas below the dots.
 * @property {Dots[]} dots
 * @property {Mark[]} marks Above the dots: images, rings, labels, names.
 * @property {Mark[]} key The title and the legend, around the plot.
 */

/**
 * Return the number of points of a figure.
 *
 * @param {Figure} figure
 */
export const countDots = ({ dots }) => dots.reduce((sum, { xs }) => sum + xs.length, 0);

/**
 * Return red, green and blue, 0 to 255, and the opacity of a color.
 *
 * @param {string} color #rrggbb, rgb(r, g, b) or rgba(r, g, b, a)
 * @returns {[number, number, number, number]}
 */
export function readColor(color) {
  if (/^#[0-9a-f]{6}$/i.test(color)) {
    const [red, green, blue] = [1, 3, 5].map((i) => parseInt(color.slice(i, i + 2), 16));
    return [red, green, blue, 1];
  }
  const numbers = /^rgba?\(([^)]*)\)$/.exec(color)?.[1].split(",").map(Number);
  if (!numbers || numbers.length < 3 || !numbers.every(Number.isFinite)) throw new Error(`no color: ${color}`);
  const [red, green, blue, opacity = 1] = numbers;
  return [red, green, blue, opacity];
}

/**
 * Return a color without its hue, as CSS's filter grayscale(1) does.
 *
 * @param {string} color
 */
export function toGrey(color) {
  const [red, green, blue] = readColor(color);
  const grey = Math.round(0.2126 * red + 0.7152 * green + 0.0722 * blue);
  return `rgb(${grey}, ${grey}, ${grey})`;
}

const ANCHORS = /** @type {const} */ ({ left: "start", start: "start", center: "middle", right: "end", end: "end" });

/**
 * Takes the place of a canvas's context for the functions that draw above the points: what they
 * paint becomes marks. It has what those functions use, and no more.
 */
export class Recorder {
  /** @type {Mark[]} */
  marks = [];

  fillStyle = "#000000";
  strokeStyle = "#000000";
  globalAlpha = 1; // of images, lines and shapes
  imageSmoothingEnabled = true;
  lineWidth = 1;
  lineJoin = "miter";
  font = "10px sans-serif";
  /** @type {keyof typeof ANCHORS} */
  textAlign = "left";
  /** @type {CanvasTextBaseline} */
  textBaseline = "alphabetic";

  /** @type {object[]} */
  #saved = [];

  /** @type {Place | null} Where a line starts. */
  #start = null;

  /** @type {({ x: number, y: number, radius: number } | { from: Place, to: Place })[]} */
  #path = [];

  /** Where in the path the last `moveTo` was. */
  #begun = 0;

  /** @type {Place[][]} The closed parts of the path, which are not in it any more. */
  #rings = [];

  /** @type {Circle | null} The circle of this path that was filled last. */
  #filled = null;

  /** @type {{ text: string, color: string, width: number } | null} A text that was stroked. */
  #halo = null;

  /**
   * @param {CanvasRenderingContext2D} measuring a context in which texts are measured
   * @param {{ clientWidth: number, clientHeight: number }} canvas the size of what is drawn on
   */
  constructor(measuring, canvas) {
    this.measuring = measuring;
    this.canvas = canvas;
  }

  save() {
    const { fillStyle, strokeStyle, globalAlpha, lineWidth, lineJoin, font, textAlign, textBaseline } = this;
    this.#saved.push({ fillStyle, strokeStyle, globalAlpha, lineWidth, lineJoin, font, textAlign, textBaseline });
  }

  restore() {
    Object.assign(this, this.#saved.pop());
  }

  beginPath() {
    this.#path = [];
    this.#rings = [];
    this.#start = this.#filled = null;
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   */
  arc(x, y, radius) {
    this.#path.push({ x, y, radius });
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  moveTo(x, y) {
    this.#start = { x, y };
    this.#begun = this.#path.length;
  }

  /**
   * @param {number} x
   * @param {number} y
   */
  lineTo(x, y) {
    if (this.#start) this.#path.push({ from: this.#start, to: { x, y } });
    this.#start = { x, y };
  }

  /** Make an area of the lines since the last `moveTo`. */
  closePath() {
    const lines = this.#path.splice(this.#begun);
    const places = lines.flatMap((line) => ("from" in line ? [line.from, line.to] : []));
    this.#rings.push(places.filter((_, i) => i % 2 === 1 || i === 0));
  }

  fill() {
    const fill = this.#faded(this.fillStyle);
    if (this.#rings.length) this.marks.push({ kind: "shape", rings: this.#rings, fill, stroke: null, width: 0 });
    for (const part of this.#path) {
      if (!("radius" in part)) continue;
      this.#filled = { kind: "circle", ...part, fill: this.fillStyle, stroke: null, width: 0 };
      this.marks.push(this.#filled);
    }
  }

  stroke() {
    const [color, width] = [this.#faded(this.strokeStyle), this.lineWidth];
    if (this.#rings.length) this.marks.push({ kind: "shape", rings: this.#rings, fill: null, stroke: color, width });
    if (this.#filled) { // a circle that is filled and stroked is one mark
      Object.assign(this.#filled, { stroke: color, width });
      return;
    }
    for (const part of this.#path) {
      if ("radius" in part) this.marks.push({ kind: "circle", ...part, fill: null, stroke: color, width });
      else this.marks.push({ kind: "line", ...part, color, width });
    }
  }

  /** @param {[x: number, y: number, width: number, height: number]} box */
  fillRect(...box) {
    const fill = this.#faded(this.fillStyle);
    this.marks.push({ kind: "shape", rings: [corners(...box)], fill, stroke: null, width: 0 });
  }

  /** @param {[x: number, y: number, width: number, height: number]} box */
  strokeRect(...box) {
    const [stroke, width] = [this.#faded(this.strokeStyle), this.lineWidth];
    this.marks.push({ kind: "shape", rings: [corners(...box)], fill: null, stroke, width });
  }

  /**
   * @param {HTMLImageElement} image
   * @param {[x: number, y: number, width: number, height: number]} box
   */
  drawImage(image, ...[x, y, width, height]) {
    const { globalAlpha: opacity, imageSmoothingEnabled: isSmooth } = this;
    this.marks.push({ kind: "image", image, x, y, width, height, opacity, isSmooth });
  }

  /** @param {string} color */
  #faded(color) {
    if (this.globalAlpha === 1) return color;
    const [red, green, blue, opacity] = readColor(color);
    return `rgba(${red}, ${green}, ${blue}, ${opacity * this.globalAlpha})`;
  }

  /** @param {string} text */
  measureText(text) {
    this.measuring.font = this.font;
    return this.measuring.measureText(text);
  }

  /** @param {string} text */
  strokeText(text) {
    this.#halo = { text, color: this.strokeStyle, width: this.lineWidth };
  }

  /**
   * @param {string} text
   * @param {number} x
   * @param {number} y
   */
  fillText(text, x, y) {
    const halo = this.#halo?.text === text ? { color: this.#halo.color, width: this.#halo.width } : null;
    this.#halo = null;
    const [, weight, size] = /^(?:(\d+) )?([\d.]+)px/.exec(this.font) ?? [];
    this.marks.push({
      kind: "text", text, x, y: y + this.#aboveBaseline(), size: Number(size), weight: Number(weight ?? 400),
      color: this.fillStyle, anchor: ANCHORS[this.textAlign], length: this.measureText(text).width, halo,
    });
  }

  /** Return how far the baseline of letters is below the line that the texts are placed by. */
  #aboveBaseline() {
    const { measuring } = this;
    measuring.font = this.font;
    const [line, letters] = [this.textBaseline, /** @type {const} */ ("alphabetic")].map((baseline) => {
      measuring.textBaseline = baseline;
      return measuring.measureText("x").fontBoundingBoxAscent;
    });
    measuring.textBaseline = "alphabetic";
    return letters - line;
  }
}

/** @type {(x: number, y: number, width: number, height: number) => Place[]} */
const corners = (x, y, width, height) =>
  [{ x, y }, { x: x + width, y }, { x: x + width, y: y + height }, { x, y: y + height }];
