// @ts-check
// Colors by similarity to one item in the original space: fetched for a row, painted above the plot.
import { mix } from "../shared/colors.js";
import { element } from "../shared/dom.js";
import { fetchBytes } from "../shared/page.js";
import { markerStyle } from "./points.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./projection.js").Projection} Projection */

/**
 * @typedef {object} SimilarityMessage
 * @property {string} address Where the levels are; a row number is appended.
 * @property {number | null} row The item to compare with.
 * @property {boolean} follows Whether the item under the pointer takes its place.
 * @property {string} metric
 *
 * @typedef {object} Levels How near each item is to `row`.
 * @property {number} row
 * @property {Uint8Array} levels 0 for far, 255 for the nearest.
 * @property {number} low The similarity or distance at level 0,
 * @property {number} high and at level 255.
 *
 * @typedef {object} LevelDots Rows as dots, colored by level.
 * @property {Uint8Array} ofRows The level of each row.
 * @property {Uint32Array[]} rowsByLevel
 * @property {[number, number, number][]} colors
 * @property {number} size In px.
 * @property {number} opacity
 * @property {Float32Array | null} diameters Factor of each row's diameter; null where all have one size.
 */

const REST = 60; // ms that the pointer rests before it is followed
const SHADES = 256;

/**
 * Read what the server sends: two float32, then a byte for each row.
 *
 * @param {number} row
 * @param {Uint8Array} bytes
 * @returns {Levels}
 */
export function readLevels(row, bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
  return { row, low: view.getFloat32(0, true), high: view.getFloat32(4, true), levels: bytes.subarray(8) };
}

/**
 * Return the 256 colors from far to near, each as [red, green, blue]: lightness changes one way.
 *
 * @param {Theme} theme
 * @returns {[number, number, number][]}
 */
export function shades({ background, text, accent }) {
  const stops = [mix(text, background, 0.16), mix(accent, background, 0.7), mix(text, accent, 0.6)]
    .map((color) => (color.match(/\d+/g) ?? []).map(Number));
  return Array.from({ length: SHADES }, (_, level) => {
    const position = (level / (SHADES - 1)) * (stops.length - 1);
    const stop = Math.min(Math.floor(position), stops.length - 2);
    const [red, green, blue] = stops[stop].map((from, i) => from + (position - stop) * (stops[stop + 1][i] - from));
    return [Math.round(red), Math.round(green), Math.round(blue)];
  });
}

/**
 * Return diameter in px and opacity of dots that are colored by level: they are opaque unless the person
 * has made points fainter.
 *
 * @param {number} count of all points
 * @param {import("./points.js").PointStyle} style
 */
export function levelStyle(count, style) {
  const { size } = markerStyle(count, 2, style);
  return { size, opacity: Math.min(1, style.opacity), diameters: style.diameters };
}

/**
 * Paint the visible rows as dots, the nearest last, from `left` on. Pixels are written into an image,
 * since tens of thousands of fills would take longer than a frame.
 *
 * @param {CanvasRenderingContext2D} context emptied, in device pixels
 * @param {Projection} projection
 * @param {Uint8Array} visible
 * @param {LevelDots} dots
 * @param {number} left in px
 */
export function paintLevels(context, projection, visible, { rowsByLevel, colors, size, opacity, diameters }, left) {
  const { canvas } = context;
  const ratio = canvas.width / (canvas.clientWidth || 1);
  /** @type {[number, number][][]} */
  const spansBySide = [];
  const spansOf = (/** @type {number} */ row) => {
    const side = Math.max(2, Math.round(size * ratio * (diameters?.[row] ?? 1)));
    return (spansBySide[side] ??= dotSpans(side));
  };
  const alpha = Math.round(255 * opacity);
  const image = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(image.data.buffer);
  rowsByLevel.forEach((rows, level) => {
    const [red, green, blue] = colors[level];
    const color = (alpha << 24) | (blue << 16) | (green << 8) | red; // little-endian, as all browsers are
    for (const row of rows) {
      const at = visible[row] ? projection.project(row) : null;
      if (!at || at.x < left) continue;
      const spans = spansOf(row);
      const x0 = Math.round(at.x * ratio - spans.length / 2);
      const y0 = Math.round(at.y * ratio - spans.length / 2);
      for (let i = 0; i < spans.length; i++) {
        const [first, last] = [Math.max(x0 + spans[i][0], 0), Math.min(x0 + spans[i][1], canvas.width)];
        const start = (y0 + i) * canvas.width;
        if (y0 + i >= 0 && y0 + i < canvas.height && first < last) pixels.fill(color, start + first, start + last);
      }
    }
  });
  context.putImageData(image, 0, 0);
}

/**
 * Return the first pixel of each line of a round dot, and the one after its last.
 *
 * @param {number} side in pixels
 * @returns {[number, number][]}
 */
export function dotSpans(side) {
  return Array.from({ length: side }, (_, line) => {
    const half = Math.sqrt((side / 2) ** 2 - (line + 0.5 - side / 2) ** 2);
    return [Math.round(side / 2 - half), Math.round(side / 2 + half)];
  });
}

export class Similarity {
  /** @type {SimilarityMessage | null} */
  #message = null;

  /** @type {number | null} The row that is wanted: of the message, or under the pointer. */
  #wanted = null;

  #timer = 0;

  /**
   * @param {HTMLElement} scale the element of the scale
   * @param {object} handlers
   * @param {(levels: Levels | null) => void} handlers.changed
   * @param {(row: number) => string} handlers.labelOf
   */
  constructor(scale, handlers) {
    this.scale = scale;
    this.handlers = handlers;
  }

  /** Forget what is shown; answers that are on their way are ignored. */
  reset() {
    clearTimeout(this.#timer);
    this.#message = null;
    this.#want(null);
  }

  /** @param {SimilarityMessage | null} message */
  update(message) {
    if (JSON.stringify(message) === JSON.stringify(this.#message)) return;
    this.#message = message;
    this.#want(message?.row ?? null);
  }

  /**
   * Follow the pointer, where that is wanted.
   *
   * @param {number | null} row under the pointer
   */
  point(row) {
    if (!this.#message?.follows) return;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => this.#want(row ?? this.#message?.row ?? this.#wanted), REST);
  }

  /** @param {number | null} row */
  async #want(row) {
    const message = this.#message;
    this.#wanted = row;
    if (!message || row === null) {
      this.handlers.changed(null);
      return;
    }
    try {
      const bytes = await fetchBytes(`${message.address}${row}`);
      if (this.#message !== message || this.#wanted !== row) return; // another one is wanted by now
      this.handlers.changed(readLevels(row, bytes));
    } catch (error) {
      if (this.#message !== message) return;
      this.handlers.changed(null); // the plot shows its own colors again
      this.scale.hidden = false;
      this.scale.textContent = `The similarities could not be fetched: ${/** @type {Error} */ (error).message}`;
    }
  }

  /**
   * Draw the scale, or hide it.
   *
   * @param {Levels | null} levels
   * @param {Theme} theme
   */
  drawScale(levels, theme) {
    this.scale.hidden = levels === null;
    if (!levels || !this.#message) return;
    const { row, low, high } = levels;
    const isSimilarity = ["cosine", "dot"].includes(this.#message.metric);
    const colors = shades(theme).filter((_, level) => level % 15 === 0).map((rgb) => `rgb(${rgb})`);
    const gradient = `linear-gradient(to right, ${colors.join(", ")})`;
    const title = `${this.#message.metric} ${isSimilarity ? "similarity" : "distance"} to `;
    const far = `${isSimilarity ? "≤" : "≥"} ${format(low)}`;
    this.scale.replaceChildren(
      element("strong", {}, title, this.handlers.labelOf(row)),
      element("div", { class: "similarity-colors", style: `background: ${gradient}` }),
      element("div", { class: "similarity-ends" }, element("span", {}, far), element("span", {}, format(high))),
    );
  }
}

/** @param {number} value */
const format = (value) => String(Number(value.toPrecision(3)));
