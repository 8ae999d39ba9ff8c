// @ts-check
// The most central points of a map, to be labeled: of the whole map, and of ever smaller parts of it.

/** @typedef {import("./points.js").Points} Points */

/**
 * @typedef {object} CentralPoint
 * @property {number} row
 * @property {number} radius Half the side of the part of the map that it is the central point of, in
 *   display coordinates.
 * @property {boolean} isCoarsest Whether that part is one of the largest.
 */

export const MOST_CENTRAL = 2000; // points
const SAMPLE = 20_000; // points that are looked at, of more
const SIDE = 0.5; // of the largest parts, in display coordinates; each is halved from level to level
const LEVELS = 8;
const FEWEST = 1 / 500; // of all points, that the largest parts have; a quarter of it from level to level
const FINE = 4; // smaller cells along each side of a part, the fullest of which has the central point

/**
 * Return the central points of parts of a map, large parts first and those with many points before
 * others: the point nearest to the middle of the fullest cell. No part has two. Outliers are central
 * points of small parts only.
 *
 * @param {Pick<Points, "axes" | "reach">} points
 * @param {ArrayLike<number>} shown 1 for the rows that can be one
 * @returns {CentralPoint[]}
 */
export function centralPoints({ axes, reach }, shown) {
  const rows = sampled(shown);
  /** @type {CentralPoint[]} */
  const found = [];
  for (let level = 0; level < LEVELS && found.length < MOST_CENTRAL; level++) {
    const side = SIDE / 2 ** level;
    const cellOf = cells(axes, reach, side);
    const known = new Set(found.map(({ row }) => cellOf(row)));
    const parts = centersOf(rows, axes, cellOf, cells(axes, reach, side / FINE), known);
    const fewest = (FEWEST * rows.length) / 4 ** level;
    const full = parts.filter(({ count }) => count >= fewest);
    full.sort((one, other) => other.count - one.count || one.row - other.row);
    for (const { row } of full.slice(0, MOST_CENTRAL - found.length)) {
      found.push({ row, radius: side / 2, isCoarsest: level === 0 });
    }
  }
  return found;
}

/**
 * Return the rows that are shown, or evenly chosen ones of very many.
 *
 * @param {ArrayLike<number>} shown
 */
function sampled(shown) {
  const rows = [];
  for (let row = 0; row < shown.length; row++) if (shown[row]) rows.push(row);
  const step = Math.ceil(rows.length / SAMPLE);
  return step > 1 ? rows.filter((_, i) => i % step === 0) : rows;
}

/**
 * Return the function from a row to the number of its cell.
 *
 * @param {Float32Array[]} axes
 * @param {number} reach
 * @param {number} side
 * @returns {(row: number) => number}
 */
function cells(axes, reach, side) {
  const along = Math.floor((2 * reach) / side) + 1;
  return (row) => {
    let cell = 0;
    for (const axis of axes) cell = cell * along + Math.floor((axis[row] + reach) / side);
    return cell;
  };
}

/**
 * Return for each part the row nearest to the middle of its fullest cell, and the number of its rows.
 *
 * @param {number[]} rows
 * @param {Float32Array[]} axes
 * @param {(row: number) => number} partOf
 * @param {(row: number) => number} cellOf
 * @param {ReadonlySet<number>} known parts that are left out
 */
function centersOf(rows, axes, partOf, cellOf, known) {
  /** @typedef {{ part: number, count: number, sums: number[], row: number, nearest: number }} Cell */
  /** @type {Map<number, Cell>} */
  const byNumber = new Map();
  /** @type {{ row: number, cell: Cell }[]} */
  const placed = [];
  for (const row of rows) {
    const part = partOf(row);
    if (known.has(part)) continue;
    const number = cellOf(row);
    const cell = byNumber.get(number) ?? { part, count: 0, sums: axes.map(() => 0), row, nearest: Infinity };
    byNumber.set(number, cell);
    cell.count++;
    axes.forEach((axis, i) => (cell.sums[i] += axis[row]));
    placed.push({ row, cell });
  }
  /** @type {Map<number, { fullest: Cell, count: number }>} */
  const parts = new Map();
  for (const cell of byNumber.values()) {
    const part = parts.get(cell.part) ?? { fullest: cell, count: 0 };
    parts.set(cell.part, part);
    part.count += cell.count;
    if (cell.count > part.fullest.count) part.fullest = cell;
  }
  for (const { row, cell } of placed) {
    const distance = axes.reduce((sum, axis, i) => sum + (axis[row] - cell.sums[i] / cell.count) ** 2, 0);
    if (distance < cell.nearest) Object.assign(cell, { row, nearest: distance });
  }
  return Array.from(parts.values(), ({ fullest, count }) => ({ row: fullest.row, count }));
}
