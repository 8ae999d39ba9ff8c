// @ts-check
// What is drawn around a clicked item: its neighbors, lines to them, and their labels.
import { fade } from "../shared/colors.js";
import { drawDot, drawLabel, drawLine, drawRing } from "./canvas.js";
import { SIDE } from "./image_places.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./canvas.js").Box} Box */
/** @typedef {import("./canvas.js").Place} Place */
/** @typedef {import("./image_places.js").PlacedImage} PlacedImage */
/** @typedef {import("./projection.js").Projection} Projection */

/**
 * @typedef {object} FocusMessage A clicked row and its neighbors.
 * @property {number | null} row Null where the neighbors are those of something that is no row.
 * @property {number[]} rows The neighbors.
 * @property {number[]} values
 * @property {"similarity" | "distance"} kind
 *
 * @typedef {object} Focus
 * @property {number | null} row
 * @property {number[]} rows
 * @property {number[]} nearness Of each neighbor, 0 to 1.
 */

const MOST_LABELS = 30; // drawn; the inspector lists all neighbors

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Projection} projection
 * @param {Focus} focus
 * @param {Place | null} marked where lines start if the focus is no row
 * @param {string[] | null} labels
 * @param {Theme} theme
 * @param {Box[]} taken
 * @param {ReadonlyMap<number, PlacedImage>} [images] that are there, by row
 */
export function drawFocus(context, projection, focus, marked, labels, theme, taken, images = new Map()) {
  const { row, rows, nearness } = focus;
  const isCovered = (/** @type {number | null} */ which) => {
    const image = images.get(which ?? -1);
    return image !== undefined && !isBeside(image);
  };
  for (const image of images.values()) taken.push(boxOf(image));
  const own = row === null ? null : projection.project(row);
  const center = own ?? marked;
  const places = rows.map((neighbor) => projection.project(neighbor));
  if (center) {
    places.forEach((at, i) => {
      if (!at) return;
      const [from, to] = [isCovered(row) ? edge(center, at) : center, isCovered(rows[i]) ? edge(at, center) : at];
      if (from && to) drawLine(context, from, to, fade(theme.accent, 0.15 + 0.45 * nearness[i]));
    });
  }
  for (let i = places.length - 1; i >= 0; i--) {
    const color = fade(theme.accent, 0.35 + 0.65 * nearness[i]);
    if (!isCovered(rows[i])) drawDot(context, places[i], 3.5 + 1.5 * nearness[i], color, theme.background);
  }
  if (own && row !== null) {
    const image = images.get(row);
    if (image) drawFrame(context, image, theme.accent);
    if (!isCovered(row)) {
      drawDot(context, own, 5, theme.accent, theme.background);
      drawRing(context, own, 10, 2, theme.accent);
    }
    const gap = isCovered(row) ? gapOf(image) : 12;
    if (labels) drawLabel(context, own, labels[row], theme, taken, { strong: true, gap });
  }
  if (!labels) return;
  places.slice(0, MOST_LABELS).forEach((at, i) => {
    const gap = gapOf(isCovered(rows[i]) ? images.get(rows[i]) : undefined);
    if (at) drawLabel(context, at, labels[rows[i]], theme, taken, { gap });
  });
}

/**
 * Return where a line from the middle of an image leaves it; null if it ends before.
 *
 * @param {Place} middle
 * @param {Place} end
 */
function edge(middle, end) {
  const [dx, dy] = [end.x - middle.x, end.y - middle.y];
  const fraction = (SIDE / 2 + 3) / Math.max(Math.abs(dx), Math.abs(dy), 1);
  return fraction < 1 ? { x: middle.x + fraction * dx, y: middle.y + fraction * dy } : null;
}

/** @param {PlacedImage} image */
export const boxOf = ({ x, y }) => ({ x: x - SIDE / 2, y: y - SIDE / 2, width: SIDE, height: SIDE });

/** @param {PlacedImage} image */
export const isBeside = ({ x, y, at }) => x !== at.x || y !== at.y;

/**
 * Return how far the label of a row is from the middle of its image, or from its point, in px.
 *
 * @param {PlacedImage | undefined} image
 */
export const gapOf = (image) => (image ? SIDE / 2 + 4 : 8);

/**
 * @param {CanvasRenderingContext2D} context
 * @param {PlacedImage} image
 * @param {string} color
 */
export function drawFrame(context, { x, y }, color) {
  context.strokeStyle = color;
  context.lineWidth = 3;
  context.strokeRect(x - SIDE / 2, y - SIDE / 2, SIDE, SIDE);
}

/**
 * Scale the neighbors' values to a nearness of 0 to 1.
 *
 * @param {FocusMessage} focus
 * @returns {Focus}
 */
export function withNearness({ row, rows, values, kind }) {
  const low = Math.min(...values);
  const high = Math.max(...values);
  const nearness = values.map((value) => {
    const fraction = high > low ? (value - low) / (high - low) : 1;
    return kind === "similarity" ? fraction : 1 - fraction;
  });
  return { row, rows, nearness };
}
