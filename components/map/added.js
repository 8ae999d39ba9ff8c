// @ts-check
// Points that a person has added to the map: rings above the points of the set, with their labels.
import { drawLabel, drawRing } from "./canvas.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./canvas.js").Box} Box */
/** @typedef {import("./data.js").AddedPoints} AddedPoints */
/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./projection.js").Projection} Projection */
/** @typedef {import("./projection.js").ScreenPoint} ScreenPoint */

const RADIUS = 5; // px of a ring
const REACH = 8; // px around the pointer within which a ring is picked
const MOST_LABELS = 30; // written; more are shown under the pointer

/**
 * Return the display coordinates of added points. Points that were placed on a layout of other
 * dimensions have none.
 *
 * @param {AddedPoints} added
 * @param {Pick<Points, "center" | "half">} points the layout
 * @returns {number[][]}
 */
export function displayedPoints({ coordinates, count, dims }, { center, half }) {
  if (center.length !== dims) return [];
  return Array.from({ length: count }, (_, i) =>
    center.map((middle, axis) => (coordinates[axis * count + i] - middle) / half));
}

/**
 * Return where added points are on the screen; null where one is behind the camera.
 *
 * @param {AddedPoints} added
 * @param {Pick<Points, "center" | "half">} points the layout
 * @param {Projection} projection
 * @returns {(ScreenPoint | null)[]}
 */
export function placesOf(added, points, projection) {
  return displayedPoints(added, points).map(([x, y, z]) => projection.at(x, y, z ?? 0));
}

/**
 * Return the number of the added point nearest to (x, y), or null; the last of those that are
 * equally near, which is drawn above the others.
 *
 * @param {(ScreenPoint | null)[]} places
 * @param {number} x
 * @param {number} y
 */
export function pickAdded(places, x, y) {
  /** @type {number | null} */
  let best = null;
  let nearest = REACH * REACH;
  for (const [i, at] of places.entries()) {
    const distance = at ? (at.x - x) ** 2 + (at.y - y) ** 2 : Infinity;
    if (distance <= nearest) [best, nearest] = [i, distance];
  }
  return best;
}

/**
 * Draw a ring for each added point, and the labels of a few.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {(ScreenPoint | null)[]} places
 * @param {string[]} labels
 * @param {Theme} theme
 * @param {Box[]} taken the labels so far; these are added
 */
export function drawAdded(context, places, labels, theme, taken) {
  for (const at of places) {
    if (!at) continue;
    drawRing(context, at, RADIUS, 4.5, theme.background);
    drawRing(context, at, RADIUS, 2, theme.accent);
  }
  if (places.length > MOST_LABELS) return;
  places.forEach((at, i) => {
    if (at) drawLabel(context, at, labels[i], theme, taken, { gap: 9 });
  });
}
