// @ts-check
// Labels of central points, written on the map without overlap, finer ones as one zooms in.
import { fade } from "../shared/colors.js";
import { drawDot, shorten } from "./canvas.js";
import { overlap } from "./names.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./canvas.js").Place} Place */
/** @typedef {import("./central.js").CentralPoint} CentralPoint */
/** @typedef {import("./projection.js").Projection} Projection */
/** @typedef {"none" | "few" | "many"} LabelMode */
/** @typedef {{ x: number, y: number, width: number, height: number }} Rectangle In px. */
/** @typedef {Rectangle & { at: Place, text: string }} PlacedLabel */

/**
 * How many labels are on the screen at most, and how large, in px, the part of the map of each is at least. Their
 * points are at least APART of that from each other.
 */
const LIMITS = { few: { most: 12, side: 100 }, many: { most: 40, side: 48 } };

const APART = 0.6;
const HEIGHT = 15; // px of a line of text
const LIFT = 6; // px from a point to its label, which is above it
const DOT = 2.5; // px, the radius

/**
 * Return the labels that are drawn, and where: in their order, each where nothing else is, no text twice.
 *
 * @param {CentralPoint[]} central
 * @param {LabelMode} mode
 * @param {(point: CentralPoint) => { x: number, y: number, side: number } | null} locate px of a point, and of
 *   the part of the map that it is the central point of; null where it is not in view
 * @param {(row: number) => string} textOf
 * @param {(text: string) => number} measure width in px
 * @param {{ left: number, width: number, height: number }} room in px
 * @param {Rectangle[]} taken where there is something else
 * @returns {PlacedLabel[]}
 */
export function placeLabels(central, mode, locate, textOf, measure, room, taken) {
  if (mode === "none") return [];
  const { most, side } = LIMITS[mode];
  /** @type {PlacedLabel[]} */
  const placed = [];
  const used = new Set();
  for (const point of central) {
    if (placed.length === most) break;
    const at = locate(point);
    if (!at || (!point.isCoarsest && at.side < side)) continue;
    if (at.x < room.left || at.x > room.width || at.y < HEIGHT || at.y > room.height) continue;
    if (placed.some((other) => Math.hypot(other.at.x - at.x, other.at.y - at.y) < APART * side)) continue;
    const text = shorten(textOf(point.row).trim());
    if (!text || used.has(text)) continue;
    const width = measure(text);
    const box = { x: at.x - width / 2, y: at.y - LIFT - HEIGHT, width, height: HEIGHT + LIFT + DOT };
    const isInside = box.x >= room.left && box.x + width <= room.width && box.y >= 0;
    if (!isInside || [...taken, ...placed].some((other) => overlap(box, other))) continue;
    used.add(text);
    placed.push({ ...box, at, text });
  }
  return placed;
}

/**
 * Write labels of central points above them.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Projection} projection
 * @param {Float32Array[]} axes display coordinates
 * @param {CentralPoint[]} central
 * @param {string[]} labels of all rows
 * @param {{ mode: LabelMode, left: number, taken: Rectangle[], theme: Theme }} options `left`: where the plot
 *   begins, in px
 */
export function drawPointLabels(context, projection, axes, central, labels, { mode, left, taken, theme }) {
  const { clientWidth: width, clientHeight: height } = context.canvas;
  const locate = (/** @type {CentralPoint} */ { row, radius }) => {
    const at = projection.project(row);
    return at && { ...at, side: 2 * sizeAt(projection, axes, row, radius, at) };
  };
  const measure = (/** @type {string} */ text) => context.measureText(text).width;
  context.save();
  context.font = `500 12px ${theme.font}`;
  context.textBaseline = "top";
  context.textAlign = "center";
  context.lineJoin = "round";
  const room = { left, width, height };
  for (const { at, text } of placeLabels(central, mode, locate, (row) => labels[row], measure, room, taken)) {
    drawDot(context, at, DOT, theme.text, theme.background);
    const y = at.y - LIFT - HEIGHT;
    context.strokeStyle = fade(theme.background, 0.9);
    context.lineWidth = 4;
    context.strokeText(text, at.x, y);
    context.fillStyle = theme.text;
    context.fillText(text, at.x, y);
  }
  context.restore();
}

/**
 * Return how many px a length is long on the screen at a row, across the line of sight.
 *
 * @param {Projection} projection
 * @param {Float32Array[]} axes
 * @param {number} row
 * @param {number} length in display coordinates
 * @param {Place} at
 */
function sizeAt(projection, axes, row, length, at) {
  const distances = axes.map((_, moved) => {
    const [x, y, z] = axes.map((axis, i) => axis[row] + (i === moved ? length : 0));
    const end = projection.at(x, y, z ?? 0);
    return end ? Math.hypot(end.x - at.x, end.y - at.y) : 0;
  });
  return Math.max(...distances);
}
