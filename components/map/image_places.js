// @ts-check
// Which rows have their image on the map, and where: in the places of their points while few are in
// view, and beside the points around a clicked item.
import { inBox } from "./points.js";

/** @typedef {import("./canvas.js").Place} Place */
/** @typedef {import("./projection.js").Projection} Projection */
/** @typedef {import("./view.js").Room} Room */

/**
 * @typedef {object} PlacedImage
 * @property {number} row
 * @property {number} x Of its middle, in px of the map,
 * @property {number} y which is the point, or beside it.
 * @property {Place} at The point.
 * @property {number} opacity Lower for rows that do not stand out.
 *
 * @typedef {object} View
 * @property {(row: number) => Place | null} project
 * @property {number[] | null} rows In view, if they are few enough for images in their places.
 * @property {number[]} around The clicked row and its neighbors, nearest first.
 * @property {(row: number) => number} opacityOf
 * @property {Room} room
 */

export const SIDE = 40; // px of an image's longest side
export const STEP = SIDE + 4; // px between the middles of two images
export const MOST_IMAGES = 150; // on the map
const MOST_IN_VIEW = 400; // points beyond which none has its image in its place
export const BUTTONS = { width: 190, height: 32 }; // px of the plot's buttons, at the top right
const MOST_BESIDE = 12; // neighbors whose image is beside their point

/**
 * Return the visible rows in view, in row order; null where the plot has no room for images of all.
 *
 * @param {Pick<Projection, "project" | "unproject">} projection
 * @param {Pick<import("./points.js").Points, "axes">} points
 * @param {Uint8Array} visible
 * @param {Room} room
 * @param {number} [slack] factor of how many there may be
 */
export function rowsInView({ project, unproject }, { axes: [x, y] }, visible, { left, width, height }, slack = 1) {
  const most = slack * Math.min(MOST_IN_VIEW, (width * height) / STEP ** 2);
  const [low, high] = [unproject(left, height), unproject(left + width, 0)];
  const isInside = low && high && inBox({ x: [low[0], high[0]], y: [low[1], high[1]] });
  const rows = [];
  for (let row = 0; row < visible.length; row++) {
    if (!visible[row]) continue;
    if (isInside ? !isInside(x[row], y[row]) : !isWithin(project(row), { left, width, height })) continue;
    if (rows.length >= most) return null;
    rows.push(row);
  }
  return rows;
}

/**
 * Return the images that have room, none over another, those that matter most first. It depends
 * on nothing but the view, and a movement of all points moves the images with them.
 *
 * @param {View} view
 * @returns {PlacedImage[]}
 */
export function placeImages({ project, rows, around, opacityOf, room }) {
  /** @type {PlacedImage[]} */
  const placed = [];
  const isOnButtons = (/** @type {Place} */ { x, y }) =>
    x + SIDE / 2 > room.left + room.width - BUTTONS.width && y - SIDE / 2 < BUTTONS.height;
  const isFree = (/** @type {Place} */ { x, y }) => !isOnButtons({ x, y })
    && !placed.some((other) => Math.abs(other.x - x) < STEP && Math.abs(other.y - y) < STEP);
  const center = around.length ? project(around[0]) : null;
  around.forEach((row, rank) => {
    const at = project(row);
    if (!at || !center || !isWithin(at, room) || placed.length === MOST_IMAGES) return;
    const tried = [...(rows ? [at] : []), ...(rank <= MOST_BESIDE ? besides(at, center, room) : [])];
    const free = tried.find(isFree);
    if (free) placed.push({ row, x: free.x, y: free.y, at, opacity: opacityOf(row) });
  });
  const others = (rows ?? []).filter((row) => !around.includes(row));
  others.sort((one, other) => opacityOf(other) - opacityOf(one));
  for (const row of others) {
    if (placed.length === MOST_IMAGES) break;
    const at = project(row);
    if (at && isFree(at)) placed.push({ row, x: at.x, y: at.y, at, opacity: opacityOf(row) });
  }
  return placed;
}

/**
 * @param {Place | null} at
 * @param {Room} room
 */
function isWithin(at, { left, width, height }) {
  return at !== null && at.x >= left && at.x <= left + width && at.y >= 0 && at.y <= height;
}

const TURNS = [0, 0.4, -0.4, 0.8, -0.8, 1.2, -1.2, 1.6, -1.6, 2, -2]; // radians

/**
 * Return the places for the image of a neighbor beside its point, away from the clicked point, the
 * best first.
 *
 * @param {Place} at
 * @param {Place} center the clicked point
 * @param {Room} room
 * @returns {Place[]}
 */
function besides(at, center, { left, width, height }) {
  const distance = Math.hypot(at.x - center.x, at.y - center.y);
  const angle = distance > 0 ? Math.atan2(at.y - center.y, at.x - center.x) : -Math.PI / 2;
  const inner = { left: left + SIDE / 2, width: width - SIDE, height: height - SIDE / 2 };
  return [1, 2, 3].flatMap((ring) => TURNS.map((turn) => {
    const radius = Math.max(distance + SIDE, 1.5 * SIDE) + (ring - 1) * STEP;
    return { x: center.x + radius * Math.cos(angle + turn), y: center.y + radius * Math.sin(angle + turn) };
  })).filter((place) => isWithin(place, inner) && place.y >= SIDE / 2);
}
