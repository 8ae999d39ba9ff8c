// @ts-check
// Points as plain arrays: their display scale, groups and masks of rows, and regions of the map.

/**
 * @typedef {object} Points A layout, scaled so that every layout fits the same first view.
 * @property {number} count
 * @property {2 | 3} dims
 * @property {Float32Array[]} axes Display coordinates: x of all points, y of all (and z of all).
 * @property {number} reach The largest absolute display coordinate, 1 at least.
 * @property {number[]} extent For each axis, half the length of the box that the first view shows.
 * @property {number[]} center With `half`, leads back: coordinate = center + half * display.
 * @property {number} half
 */

/**
 * Center and scale coordinates: most of the cloud is within [-1, 1] on its longest side.
 *
 * The box is that of all points, unless outliers would shrink the cloud. Then it is the box of the
 * middle 98 % widened by 60 % on each side, and the outliers are outside the first view.
 *
 * @param {Float32Array} coordinates all x, then all y (then all z)
 * @param {number} count
 * @param {2 | 3} dims
 * @returns {Points}
 */
export function toDisplay(coordinates, count, dims) {
  const axes = [];
  for (let axis = 0; axis < dims; axis++) {
    axes.push(coordinates.subarray(axis * count, (axis + 1) * count));
  }
  const boxes = axes.map(middleBox);
  const half = Math.max(...boxes.map(([low, high]) => (high - low) / 2), 1e-30);
  const center = boxes.map(([low, high]) => (low + high) / 2);
  const display = axes.map((values, axis) => {
    const scaled = new Float32Array(count);
    for (let i = 0; i < count; i++) scaled[i] = (values[i] - center[axis]) / half;
    return scaled;
  });
  let reach = 1;
  for (const values of display) for (const v of values) reach = Math.max(reach, Math.abs(v));
  const extent = boxes.map(([low, high]) => Math.max((high - low) / 2 / half, 0.05));
  return { count, dims, axes: display, reach, extent, center, half };
}

/**
 * @param {Float32Array} values
 * @returns {[number, number]}
 */
function middleBox(values) {
  const step = Math.max(1, Math.floor(values.length / 20000));
  const sample = new Float32Array(Math.ceil(values.length / step));
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (i % step === 0) sample[i / step] = values[i];
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  sample.sort();
  const q01 = sample[Math.floor(0.01 * (sample.length - 1))];
  const q99 = sample[Math.ceil(0.99 * (sample.length - 1))];
  const margin = 0.6 * (q99 - q01);
  return margin > 0 ? [Math.max(low, q01 - margin), Math.min(high, q99 + margin)] : [low, high];
}

/**
 * Return the box of the middle 96 % of some rows, by display coordinates; null where there are none.
 *
 * @param {Pick<Points, "axes">} points
 * @param {ArrayLike<number>} rows 1 for each of them
 * @returns {{ center: number[], half: number[] } | null}
 */
export function boxOf({ axes }, rows) {
  const center = [];
  const half = [];
  for (const axis of axes) {
    const values = axis.filter((_, row) => rows[row]).sort();
    if (!values.length) return null;
    const low = values[Math.floor(0.02 * (values.length - 1))];
    const high = values[Math.ceil(0.98 * (values.length - 1))];
    center.push((low + high) / 2);
    half.push((high - low) / 2);
  }
  return { center, half };
}

/**
 * Leave out the third axis.
 *
 * @param {Points} points
 * @returns {Points}
 */
export function projected2d(points) {
  return { ...points, dims: 2, axes: points.axes.slice(0, 2), extent: points.extent.slice(0, 2) };
}

/**
 * Return points on the way from one layout of the same items to another; `fraction` 1 is the end.
 *
 * @param {Points} from
 * @param {Points} to
 * @param {number} fraction
 * @returns {Points}
 */
export function interpolate(from, to, fraction) {
  const axes = to.axes.map((end, axis) => {
    const begin = from.axes[axis];
    return end.map((value, i) => begin[i] + fraction * (value - begin[i]));
  });
  return { ...to, axes };
}

/**
 * @typedef {object} PointStyle What the person has set around the style that fits the number of points.
 * @property {number} size Factor of the diameter.
 * @property {number} opacity 1 for the opacity that fits, 0 for none, 2 for opaque.
 * @property {Float32Array | null} diameters Factor of each point's diameter; null where all have one size.
 */

const MUTED_OPACITY = 0.12; // of points that do not stand out

/**
 * Return diameter in px and opacity that show density: many points are small and translucent. `muted` is the
 * opacity of points that do not stand out.
 *
 * @param {number} count
 * @param {2 | 3} dims
 * @param {PointStyle} style
 */
export function markerStyle(count, dims, style) {
  const fitting = Math.min(9, Math.max(1.4, 26 * count ** -0.21));
  const size = style.size * (dims === 3 ? Math.max(1, fitting * 0.42) : fitting);
  const usual = Math.min(0.85, Math.max(0.28, 3.2 * count ** -0.17));
  const opacity = style.opacity <= 1 ? usual * style.opacity : usual + (1 - usual) * (style.opacity - 1);
  return { size, opacity, muted: MUTED_OPACITY * Math.min(1, style.opacity) };
}

const SMALLEST = 0.6; // diameters of points that a column sizes, in that of the others
const LARGEST = 2.6;

/**
 * Return the factor of the diameter of each point: its area grows evenly with its level.
 *
 * @param {Uint8Array} levels
 */
export function diameterFactors(levels) {
  const [least, most] = [SMALLEST ** 2, LARGEST ** 2];
  const factors = Array.from({ length: 256 }, (_, level) => Math.sqrt(least + ((most - least) * level) / 255));
  return Float32Array.from(levels, (level) => factors[level]);
}

/**
 * Return the rows of each group, in row order, by one counting sort.
 *
 * @param {ArrayLike<number>} codes group of each row
 * @param {number} groups
 * @param {Uint8Array | null} [mask] rows with 0 are in no group
 * @returns {Uint32Array[]}
 */
export function groupRows(codes, groups, mask) {
  const sizes = new Uint32Array(groups);
  for (let i = 0; i < codes.length; i++) if (!mask || mask[i]) sizes[codes[i]]++;
  const rows = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < codes.length; i++) {
    if (!mask || mask[i]) rows[codes[i]][sizes[codes[i]]++] = i;
  }
  return rows;
}

/**
 * Return the values of the given rows.
 *
 * @param {ArrayLike<number>} values
 * @param {ArrayLike<number>} rows
 */
export function take(values, rows) {
  const taken = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]];
  return taken;
}

/**
 * Return the rows that are drawn: 1, or 0 where a row's category is hidden or it is not in `alone`.
 *
 * @param {number} count
 * @param {ArrayLike<number> | null} codes category of each row, if there are categories
 * @param {ReadonlySet<number>} hidden categories
 * @param {Uint8Array | null} alone
 */
export function visibleRows(count, codes, hidden, alone) {
  const visible = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    const shown = !codes || !hidden.has(codes[row]);
    visible[row] = shown && (!alone || alone[row]) ? 1 : 0;
  }
  return visible;
}

/**
 * @typedef {object} Region A finished box or lasso, as plotly.js reports it.
 * @property {{ x: number[], y: number[] }} [range] two corners of a box
 * @property {{ x: number[], y: number[] }} [lassoPoints]
 */

/**
 * Return the visible rows within a region, in row order.
 *
 * @param {Region} region
 * @param {Points} points
 * @param {Uint8Array} visible
 */
export function rowsInside(region, { axes: [x, y] }, visible) {
  const inside = insideOf(region);
  const rows = [];
  for (let row = 0; row < visible.length; row++) {
    if (visible[row] && inside(x[row], y[row])) rows.push(row);
  }
  return rows;
}

/** @param {Region} region */
function insideOf({ range, lassoPoints }) {
  if (range) return inBox(range);
  if (lassoPoints) return inPolygon(lassoPoints);
  return () => false;
}

/** @param {{ x: number[], y: number[] }} corners */
export function inBox({ x: [x0, x1], y: [y0, y1] }) {
  const [left, right, low, high] = [Math.min(x0, x1), Math.max(x0, x1), Math.min(y0, y1), Math.max(y0, y1)];
  return (/** @type {number} */ x, /** @type {number} */ y) => x >= left && x <= right && y >= low && y <= high;
}

/**
 * By the even-odd rule: a ray from a point inside crosses an odd number of edges.
 *
 * @param {{ x: number[], y: number[] }} corners
 */
export function inPolygon({ x: xs, y: ys }) {
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    let inside = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      const crosses = ys[i] > y !== ys[j] > y;
      if (crosses && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) inside = !inside;
    }
    return inside;
  };
}
