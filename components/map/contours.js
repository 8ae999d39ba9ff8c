// @ts-check
// Contours of a grid of values, by marching squares.

/**
 * @typedef {object} Grid Values at nodes, row by row, the lowest row first; those at the border are low.
 * @property {number} width In nodes.
 * @property {number} height
 * @property {number} cell Distance of neighboring nodes.
 * @property {number} left Coordinate of the first node of each row,
 * @property {number} bottom and of the lowest row.
 * @property {Float32Array} values
 *
 * @typedef {number[]} Ring A closed line: x and y of its corners by turns. What is higher is on its left.
 */

/** The sides of a cell. */
const [BELOW, RIGHT, ABOVE, LEFT] = [0, 1, 2, 3];

/**
 * From which side of a cell to which a contour leads, by the corners that are higher: 1 for the lower
 * left one, 2 for the lower right, 4 for the upper right, 8 for the upper left.
 *
 * @type {[number, number][][]}
 */
const LINES = [
  [], [[BELOW, LEFT]], [[RIGHT, BELOW]], [[RIGHT, LEFT]],
  [[ABOVE, RIGHT]], [[BELOW, LEFT], [ABOVE, RIGHT]], [[ABOVE, BELOW]], [[ABOVE, LEFT]],
  [[LEFT, ABOVE]], [[BELOW, ABOVE]], [[RIGHT, BELOW], [LEFT, ABOVE]], [[RIGHT, ABOVE]],
  [[LEFT, RIGHT]], [[BELOW, RIGHT]], [[LEFT, BELOW]], [],
];

/**
 * Return the rings around what is as high as a level, or higher. Places on them are interpolated.
 *
 * @param {Grid} grid
 * @param {number} level above all values at the border of the grid
 * @returns {Ring[]}
 */
export function ringsAt({ width, height, cell, left, bottom, values }, level) {
  // The edge from a node to the right has the number 2 * node, that upward the next number.
  const next = new Int32Array(2 * width * height).fill(-1);
  for (let j = 0; j + 1 < height; j++) {
    for (let i = 0; i + 1 < width; i++) {
      const node = j * width + i;
      const corners = Number(values[node] >= level) | (Number(values[node + 1] >= level) << 1)
        | (Number(values[node + width + 1] >= level) << 2) | (Number(values[node + width] >= level) << 3);
      if (corners === 0 || corners === 15) continue; // most cells: no line leads through them
      const sides = [2 * node, 2 * (node + 1) + 1, 2 * (node + width), 2 * node + 1];
      for (const [from, to] of LINES[corners]) next[sides[from]] = sides[to];
    }
  }
  const rings = [];
  for (let start = 0; start < next.length; start++) {
    if (next[start] < 0) continue;
    /** @type {Ring} */
    const ring = [];
    for (let edge = start; next[edge] >= 0; ) {
      const node = edge >> 1;
      const isUpward = edge % 2 === 1;
      const [one, other] = [values[node], values[node + (isUpward ? width : 1)]];
      const along = (level - one) / (other - one);
      const [x, y] = [node % width + (isUpward ? 0 : along), Math.floor(node / width) + (isUpward ? along : 0)];
      ring.push(left + cell * x, bottom + cell * y);
      const after = next[edge];
      next[edge] = -1;
      edge = after;
    }
    rings.push(ring);
  }
  return rings;
}
