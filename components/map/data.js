// @ts-check
// What the map shows, fetched by address: points, colors, a mask, and the texts of the rows.
import { unpackBits } from "../shared/bits.js";
import { fetchBytes, fetchFloats, fetchJson } from "../shared/page.js";
import { diameterFactors, toDisplay } from "./points.js";

/** @typedef {import("../shared/dom.js").Excerpt} Excerpt */
/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./points.js").PointStyle} PointStyle */

/**
 * @typedef {object} CategoryColors
 * @property {"categories"} kind
 * @property {string | null} url The category of each row, uint8; null where there is only one.
 * @property {string} title
 * @property {string[]} names
 * @property {number[]} counts
 * @property {string[]} palette
 * @property {"solo" | "select"} click What a click on a name in the legend does.
 * @property {boolean} [has_own] Whether the palette has colors that were picked for single categories.
 *
 * @typedef {object} NumberColors
 * @property {"numbers"} kind
 * @property {string} url The value of each row, float32; NaN where it is missing.
 * @property {string} title
 * @property {number} low
 * @property {number} high
 * @property {{ values: number[], texts: string[] }} [ticks]
 * @property {string[]} [ramp] Colors at even distances, from low to high; Viridis where there are none.
 *
 * @typedef {CategoryColors & { codes: Uint8Array }} LoadedCategories
 * @typedef {NumberColors & { values: Float32Array }} LoadedNumbers
 * @typedef {LoadedCategories | LoadedNumbers} LoadedColors
 */

/**
 * @typedef {object} Sources Addresses of what is drawn; what they hold never changes.
 * @property {{ url: string, count: number, dims: 2 | 3 }} points
 * @property {CategoryColors | NumberColors} colors
 * @property {{ url: string | null, alone: string | null } | null} mask
 * @property {StyleMessage} style
 */

/**
 * @typedef {object} StyleMessage
 * @property {number} size
 * @property {number} opacity
 * @property {{ url: string } | null} by Sizes by a column: a byte for each row.
 */

/**
 * @typedef {object} TextSources
 * @property {string} labels
 * @property {{ name: string, url: string }[]} hover
 */

/**
 * @typedef {object} AddedSources Points that are no rows of the set.
 * @property {{ url: string, count: number, dims: 2 | 3 }} points
 * @property {string} labels
 *
 * @typedef {object} AddedPoints
 * @property {number} count
 * @property {2 | 3} dims
 * @property {Float32Array} coordinates Of the layout: all x, then all y (then all z).
 * @property {string[]} labels
 */

/** @typedef {{ name: string, cells: (string | Excerpt | null)[] }} HoverColumn */

/**
 * @typedef {object} Drawable
 * @property {Points} points
 * @property {LoadedColors} colors
 * @property {Uint8Array | null} mask 1 for rows that stand out; the others are muted.
 * @property {Uint8Array | null} alone 1 for rows that are drawn; the others are left out.
 * @property {PointStyle} style
 */

export class MapData {
  /** @type {Drawable | null} */
  drawable = null;

  /** @type {Set<number>} Categories that the person has hidden in the legend. */
  hidden = new Set();

  /** @type {{ labels: string[], columns: HoverColumn[] } | null} */
  texts = null;

  /** @type {AddedPoints | null} */
  added = null;

  /** What `added` was loaded from. */
  #addedKey = "null";

  /** @type {string | null} */
  #pointsUrl = null;

  /** @type {string | null} */
  #textKey = null;

  /**
   * Fetch what is drawn. A failure leaves everything as it was.
   *
   * @param {Sources} sources
   */
  async load({ points, colors, mask, style }) {
    const [shown, loadedColors, loadedMask, loadedAlone, loadedStyle] = await Promise.all([
      this.#loadPoints(points),
      loadColors(colors, points.count),
      loadMask(mask?.url, points.count),
      loadMask(mask?.alone, points.count),
      loadStyle(style),
    ]);
    const before = this.drawable?.colors;
    if (before?.url !== colors.url || before?.title !== colors.title) this.hidden = new Set();
    this.#pointsUrl = points.url;
    this.drawable = {
      points: shown,
      colors: loadedColors,
      mask: loadedMask,
      alone: loadedAlone,
      style: loadedStyle,
    };
  }

  /** @param {Sources["points"]} points */
  async #loadPoints({ url, count, dims }) {
    if (this.drawable && url === this.#pointsUrl) return this.drawable.points;
    return toDisplay(await fetchFloats(url), count, dims);
  }

  /**
   * Fetch the points that are no rows of the set, unless they are there.
   *
   * @param {AddedSources | null} sources
   */
  async loadAdded(sources) {
    const key = JSON.stringify(sources);
    if (key === this.#addedKey) return this.added;
    if (sources) {
      const { points: { url, count, dims }, labels } = sources;
      const [coordinates, texts] = await Promise.all([fetchFloats(url), fetchJson(labels)]);
      this.added = { count, dims, coordinates, labels: texts };
    } else {
      this.added = null;
    }
    this.#addedKey = key;
    return this.added;
  }

  /**
   * Fetch labels and hover columns, unless they are there. They are fetched after the points,
   * since they are needed later.
   *
   * @param {TextSources} sources
   * @param {() => boolean} isCurrent called when the texts have arrived: are they still needed?
   * @returns {Promise<boolean>} whether the texts changed
   */
  async loadTexts({ labels, hover }, isCurrent) {
    const key = JSON.stringify([labels, hover]);
    if (key === this.#textKey) return false;
    const [loaded, ...columns] = await Promise.all([labels, ...hover.map(({ url }) => url)].map(fetchJson));
    if (!isCurrent()) return false;
    this.#textKey = key;
    this.texts = { labels: loaded, columns: hover.map(({ name }, i) => ({ name, cells: columns[i] })) };
    return true;
  }

  /** Drop the texts of a set that is not shown any more. */
  forgetTexts() {
    this.texts = this.#textKey = null;
  }
}

/**
 * @param {string | null | undefined} url
 * @param {number} count
 */
async function loadMask(url, count) {
  return url ? unpackBits(await fetchBytes(url), count) : null;
}

/**
 * @param {StyleMessage} style
 * @returns {Promise<PointStyle>}
 */
async function loadStyle({ size, opacity, by }) {
  return { size, opacity, diameters: by && diameterFactors(await fetchBytes(by.url)) };
}

/**
 * @param {CategoryColors | NumberColors} colors
 * @param {number} count
 * @returns {Promise<LoadedColors>}
 */
async function loadColors(colors, count) {
  if (colors.kind === "numbers") return { ...colors, values: await fetchFloats(colors.url) };
  const codes = colors.url ? await fetchBytes(colors.url) : new Uint8Array(count);
  return { ...colors, codes };
}
