// @ts-check
// Images in place of points, fetched when they are to be shown; they fade in and out.
import { fade, GREY, mix } from "../shared/colors.js";
import { drawLine } from "./canvas.js";
import { placeImages, rowsInView, SIDE } from "./image_places.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./canvas.js").Place} Place */
/** @typedef {import("./image_places.js").PlacedImage} PlacedImage */
/** @typedef {import("./view.js").Room} Room */

const SLACK = 1.2; // for images that are there: they do not come and go while the view moves a little
const PALE = 0.3; // opacity of images that do not stand out
const FADE = 220; // ms
const FRAME = 34; // ms that one frame counts at most: after a pause, an image still fades in
const PAUSE = 80; // ms between fetches while the view moves
const MOST_HELD = 600; // images in memory

/**
 * Return the color at a fraction of a scale of plotly.js: colors by position from 0 to 1.
 *
 * @param {[number, string][]} scale
 * @param {number} fraction
 */
export function colorAt(scale, fraction) {
  const inside = Math.min(1, Math.max(0, fraction));
  const after = Math.max(1, scale.findIndex(([at]) => at >= inside));
  const [[low, from], [high, to]] = [scale[after - 1], scale[after]];
  return mix(to, from, (inside - low) / (high - low));
}

export class MapImages {
  /** @type {Map<number, PlacedImage>} By row, those that are to be shown. */
  placed = new Map();

  /** @type {string | null} Address of the images, to which a row number is appended; null for none. */
  #address = null;

  /** @type {Map<number, HTMLImageElement | null>} By row; null where there is none. */
  #held = new Map();

  /** @type {Map<number, { dx: number, dy: number, opacity: number }>} On the screen, beside their points. */
  #shown = new Map();

  /** @type {number | undefined} */
  #timer = undefined;

  #drawn = 0; // ms

  #isNear = false; // whether images are in the places of points

  /** @param {() => void} redraw called when the images have to be drawn again */
  constructor(redraw) {
    this.redraw = redraw;
  }

  destroy() {
    this.show(null);
  }

  /** @param {string | null} address of the images; null for none */
  show(address) {
    if (address === this.#address) return;
    this.#address = address;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const each of [this.placed, this.#held, this.#shown]) each.clear();
    this.redraw();
  }

  /** Whether there may be images on the map. */
  get isOn() {
    return this.#address !== null;
  }

  /** Whether there are no images on the screen now. */
  get isEmpty() {
    return !this.placed.size && !this.#shown.size;
  }

  /** Return the images that are on the screen and stay there, by row. */
  onScreen() {
    return new Map([...this.placed].filter(([row]) => this.#shown.has(row)));
  }

  /**
   * Decide which images are to be shown.
   *
   * @param {import("./view.js").Scene} scene
   * @param {Room} room
   * @param {import("./overlay.js").Highlights} highlights
   */
  place({ projection, points, visible, drawable: { mask } }, room, { focus, levels }) {
    if (!this.isOn) return;
    const rows = rowsInView(projection, points, visible, room, this.#isNear ? SLACK : 1);
    this.#isNear = rows !== null;
    const own = focus ? [...(focus.row === null ? [] : [focus.row]), ...focus.rows] : [];
    const shown = own.filter((row) => visible[row]);
    const members = new Set(shown);
    const opacityOf = (/** @type {number} */ row) => {
      if (levels) return 1;
      const standsOut = focus ? members.has(row) : !mask || mask[row];
      return standsOut ? 1 : PALE;
    };
    const around = levels && !rows ? [] : shown; // beside points, they would cover the colors
    const placed = placeImages({ project: projection.project, rows, around, opacityOf, room });
    this.placed = new Map(placed.map((each) => [each.row, each]));
    if (placed.some(({ row }) => !this.#held.has(row))) {
      this.#timer ??= window.setTimeout(() => this.#fetch(), PAUSE);
    }
  }

  /** Fetch the images that are to be shown and are not there; forget the oldest others. */
  #fetch() {
    this.#timer = undefined;
    for (const row of this.placed.keys()) {
      if (this.#held.has(row)) continue;
      const image = new Image();
      image.src = new URL(`${this.#address}${row}`, document.baseURI).href;
      this.#held.set(row, image);
      image.decode().then(this.redraw, () => {
        if (this.#held.get(row) === image) this.#held.set(row, null); // the point remains
      });
    }
    for (const row of this.#held.keys()) {
      if (this.#held.size <= MOST_HELD) break;
      if (!this.#shown.has(row) && !this.placed.has(row)) this.#held.delete(row);
    }
  }

  /** Return how much of a fade belongs to the time since the last frame. */
  #sinceLastFrame() {
    const now = performance.now();
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const step = isStill ? 1 : Math.min(FRAME, now - this.#drawn) / FADE;
    this.#drawn = now;
    return step;
  }

  /**
   * Make the images more or less opaque than in the frame before; redraw while they fade.
   *
   * @param {number} [step] fraction of a fade; 1 ends it
   */
  step(step = this.#sinceLastFrame()) {
    let isFading = false;
    for (const [row, { x, y, at }] of this.placed) {
      const image = this.#held.get(row);
      if (!image?.complete || !image.naturalWidth) continue;
      const { opacity } = this.#shown.get(row) ?? { opacity: 0 };
      this.#shown.set(row, { dx: x - at.x, dy: y - at.y, opacity });
    }
    for (const [row, shown] of this.#shown) {
      const target = this.placed.get(row)?.opacity ?? 0;
      const change = target - shown.opacity;
      shown.opacity += Math.sign(change) * Math.min(step, Math.abs(change));
      isFading ||= shown.opacity !== target;
      if (shown.opacity === 0 && target === 0) this.#shown.delete(row);
    }
    if (isFading) this.redraw();
  }

  /**
   * Paint the images, on the screen or into a figure.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {(row: number) => Place | null} project
   * @param {(row: number) => string} colorOf color of a row's frame
   * @param {Theme} theme
   */
  paint(context, project, colorOf, theme) {
    context.save();
    for (const [row, shown] of [...this.#shown].reverse()) {
      const at = project(row);
      const image = this.#held.get(row);
      if (!at || !image) continue;
      context.globalAlpha = shown.opacity;
      const middle = { x: at.x + shown.dx, y: at.y + shown.dy };
      if (shown.dx || shown.dy) drawLine(context, at, middle, fade(theme.text, 0.4));
      drawImage(context, image, middle, colorOf(row), theme);
    }
    context.restore();
  }

  /**
   * Return the row whose image is at (x, y), in px of the map, or null.
   *
   * @param {number} x
   * @param {number} y
   */
  at(x, y) {
    for (const { row, x: middle, y: level } of this.placed.values()) {
      const isOn = Math.abs(middle - x) <= SIDE / 2 && Math.abs(level - y) <= SIDE / 2;
      if (isOn && this.#shown.has(row)) return row;
    }
    return null;
  }
}

/**
 * Draw an image in a frame, small ones with sharp pixels.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {HTMLImageElement} image
 * @param {Place} middle
 * @param {string} color of the frame
 * @param {Theme} theme
 */
function drawImage(context, image, { x, y }, color, theme) {
  const { naturalWidth, naturalHeight } = image;
  const scale = (SIDE - 4) / Math.max(naturalWidth, naturalHeight);
  const [width, height] = [Math.max(4, scale * naturalWidth), Math.max(4, scale * naturalHeight)];
  context.strokeStyle = color;
  context.lineWidth = 2;
  context.strokeRect(x - width / 2 - 1, y - height / 2 - 1, width + 2, height + 2);
  context.fillStyle = theme.background; // behind what is transparent
  context.fillRect(x - width / 2, y - height / 2, width, height);
  context.imageSmoothingEnabled = scale < 1;
  context.drawImage(image, x - width / 2, y - height / 2, width, height);
}

/**
 * Return the function that gives a row the color of its point.
 *
 * @param {import("./data.js").LoadedColors} colors
 * @param {[number, string][] | undefined} scale of numbers, as plotly.js has it
 * @param {import("./overlay.js").Highlights["levels"]} levels by similarity, in place of the colors
 */
export function pointColors(colors, scale, levels) {
  return (/** @type {number} */ row) => {
    if (levels) return `rgb(${levels.colors[levels.ofRows[row]]})`;
    if (colors.kind === "categories") return colors.palette[colors.codes[row]] ?? GREY;
    const value = colors.values[row];
    if (!scale || Number.isNaN(value)) return GREY;
    return colorAt(scale, colors.high > colors.low ? (value - colors.low) / (colors.high - colors.low) : 1);
  };
}
