// @ts-check
// How densely points lie in a map in 2D: a kernel density estimate on a grid, and its contours.
import { ringsAt } from "./contours.js";

/** @typedef {import("./contours.js").Grid} Grid */
/** @typedef {import("./contours.js").Ring} Ring */
/** @typedef {import("./points.js").Points} Points */

/** Fraction of the points that is within each contour, the outermost first; point_controls.py names them. */
export const FRACTIONS = [0.95, 0.8, 0.65, 0.5, 0.35, 0.2];

const CELL = 0.01; // side of a cell in display coordinates, of which the first view shows about 2
const SMOOTHING = 0.3; // of Silverman's bandwidth, which is for a single group
const NARROWEST = 1.5; // cells, of the bandwidth
const REACH = 3; // bandwidths after which the kernel ends

/**
 * Return the contours of the density of some points: for each of FRACTIONS the rings around the
 * densest places that together have that fraction of the points. Points far outside the first view
 * are left out. There are none for fewer than two points.
 *
 * @param {Pick<Points, "axes" | "extent">} points
 * @param {ArrayLike<number>} shown 1 for each of them
 * @returns {Ring[][]}
 */
export function densityContours(points, shown) {
  const grid = densityGrid(points, shown);
  return grid ? thresholds(grid.values, FRACTIONS).map((level) => ringsAt(grid, level)) : [];
}

/**
 * Return the density of some points at the nodes of a grid; null for fewer than two points. The
 * sum over the grid is the number of points on it.
 *
 * @param {Pick<Points, "axes" | "extent">} points
 * @param {ArrayLike<number>} shown 1 for each of them
 * @returns {Grid | null}
 */
export function densityGrid({ axes: [xs, ys], extent }, shown) {
  const isInside = (/** @type {number} */ row) =>
    shown[row] && Math.abs(xs[row]) <= extent[0] && Math.abs(ys[row]) <= extent[1];
  const bandwidth = bandwidthOf([xs, ys], isInside);
  if (bandwidth === null) return null;
  const radius = Math.ceil(REACH * bandwidth / CELL);
  const [right, top] = extent.map((half) => Math.ceil(half / CELL) + radius + 2);
  const [width, height] = [2 * right + 1, 2 * top + 1];
  const counts = new Float32Array(width * height);
  for (let row = 0; row < xs.length; row++) {
    if (!isInside(row)) continue;
    const [x, y] = [xs[row] / CELL + right, ys[row] / CELL + top];
    const [i, j] = [Math.floor(x), Math.floor(y)];
    const [dx, dy] = [x - i, y - j];
    const at = j * width + i; // each point is divided among the four nodes around it
    counts[at] += (1 - dx) * (1 - dy);
    counts[at + 1] += dx * (1 - dy);
    counts[at + width] += (1 - dx) * dy;
    counts[at + width + 1] += dx * dy;
  }
  const kernel = gaussian(bandwidth / CELL, radius);
  const values = blurred(blurred(counts, width, height, 1, kernel), width, height, width, kernel);
  return { width, height, cell: CELL, left: -right * CELL, bottom: -top * CELL, values };
}

/**
 * Return a fraction of the bandwidth of Silverman (1986, section 4.3.2) for two dimensions, in
 * display coordinates; null for fewer than two points.
 *
 * @param {Float32Array[]} axes
 * @param {(row: number) => unknown} isInside
 */
function bandwidthOf(axes, isInside) {
  let count = 0;
  const [sums, squares] = [[0, 0], [0, 0]];
  for (let row = 0; row < axes[0].length; row++) {
    if (!isInside(row)) continue;
    count++;
    axes.forEach((axis, i) => {
      sums[i] += axis[row];
      squares[i] += axis[row] ** 2;
    });
  }
  if (count < 2) return null;
  const variances = sums.map((sum, i) => Math.max(0, squares[i] / count - (sum / count) ** 2));
  const spread = Math.sqrt((variances[0] + variances[1]) / 2);
  return Math.max(NARROWEST * CELL, SMOOTHING * spread * count ** (-1 / 6));
}

/**
 * Return weights that sum to 1.
 *
 * @param {number} bandwidth in cells
 * @param {number} radius in cells
 */
function gaussian(bandwidth, radius) {
  const weights = Float32Array.from({ length: 2 * radius + 1 }, (_, i) =>
    Math.exp(-0.5 * ((i - radius) / bandwidth) ** 2));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

/**
 * Convolve a grid with a kernel along one axis; outside of the grid there is nothing.
 *
 * @param {Float32Array} values
 * @param {number} width
 * @param {number} height
 * @param {number} step from a node to the next one along the axis: 1 or the width
 * @param {Float32Array} kernel
 */
function blurred(values, width, height, step, kernel) {
  const result = new Float32Array(values.length);
  const radius = (kernel.length - 1) / 2;
  const length = step === 1 ? width : height;
  for (let at = 0; at < values.length; at++) {
    if (values[at] === 0) continue; // most nodes are empty
    const place = step === 1 ? at % width : Math.floor(at / width);
    const first = Math.max(-radius, -place);
    const last = Math.min(radius, length - 1 - place);
    for (let k = first; k <= last; k++) result[at + k * step] += values[at] * kernel[k + radius];
  }
  return result;
}

/**
 * Return the value above which the nodes together have each fraction of the sum of all.
 *
 * @param {Float32Array} values
 * @param {number[]} fractions
 */
export function thresholds(values, fractions) {
  const sorted = values.filter((value) => value > 0).sort().reverse();
  const total = sorted.reduce((sum, value) => sum + value, 0);
  return fractions.map((fraction) => {
    let sum = 0;
    return sorted.find((value) => (sum += value) >= fraction * total) ?? 0;
  });
}
