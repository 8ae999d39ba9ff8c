// @ts-check
// Names of groups of points, written on the map where the groups are, without overlap: those of
// coarse groups first, and those of finer ones as far as there is room once one zooms in.
import { fade } from "../shared/colors.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./projection.js").Projection} Projection */

/**
 * @typedef {object} GroupName
 * @property {string} text Terms, separated by ", ".
 * @property {number} row The member in the middle of the group, where the name is written.
 * @property {number} radius Of the group, in coordinates of the layout.
 * @property {number} level 0 for the coarsest groups.
 * @property {number | null} code Of the group's category in the legend.
 *
 * @typedef {object} PlacedName
 * @property {string[]} lines
 * @property {number} x Left, in px.
 * @property {number} y Top, in px.
 * @property {number} width
 * @property {number} height
 * @property {number} level
 */

const LONGEST_LINE = 26; // characters
const SMALLEST_RADIUS = 14; // px on the screen, below which a finer group is not named
const MOST_NAMES = 40; // on the screen
const GAP = 4; // px between two names
const SIZES = [14, 12]; // px of the font, of coarse and of finer groups
const LINE_HEIGHT = 1.2;

/**
 * Return the font of names of a level.
 *
 * @param {number} level
 * @param {Theme} theme
 */
const fontOf = (level, theme) => `${level ? 500 : 650} ${SIZES[Math.min(level, 1)]}px ${theme.font}`;

/**
 * Return the names that are drawn, and where: in their order, each where no other is.
 *
 * @param {GroupName[]} names
 * @param {(name: GroupName) => { x: number, y: number, radius: number } | null} locate px of the
 *   middle and of the radius of a group; null where it is not in view
 * @param {(text: string, level: number) => number} measure width in px
 * @param {{ left: number, width: number, height: number }} room in px
 * @returns {PlacedName[]}
 */
export function placeNames(names, locate, measure, room) {
  /** @type {PlacedName[]} */
  const placed = [];
  const used = new Set(); // a finer group is named by what the coarser ones are not
  for (const { text, level, ...name } of names) {
    if (placed.length === MOST_NAMES) break;
    const at = locate({ text, level, ...name });
    if (!at || (level > 0 && at.radius < SMALLEST_RADIUS)) continue;
    const terms = text.split(", ").filter((term) => level === 0 || !used.has(term));
    if (!terms.length) continue;
    const lines = terms.slice(0, level ? 1 : 2).map(shortened);
    const width = Math.max(...lines.map((line) => measure(line, level)));
    const height = lines.length * SIZES[Math.min(level, 1)] * LINE_HEIGHT;
    const box = { lines, level, x: at.x - width / 2, y: at.y - height / 2, width, height };
    const isInside = box.x >= room.left && box.x + width <= room.width && box.y >= 0 && box.y + height <= room.height;
    if (!isInside || placed.some((other) => overlap(box, other))) continue;
    placed.push(box);
    terms.slice(0, lines.length).forEach((term) => used.add(term));
  }
  return placed;
}

/** @param {string} line */
const shortened = (line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE - 1)}…` : line);

/**
 * Return whether two rectangles are less than a few px apart.
 *
 * @param {Omit<PlacedName, "lines" | "level">} one
 * @param {Omit<PlacedName, "lines" | "level">} other
 */
export function overlap(one, other) {
  return one.x < other.x + other.width + GAP && other.x < one.x + one.width + GAP
    && one.y < other.y + other.height + GAP && other.y < one.y + one.height + GAP;
}

/**
 * Write the names of groups that are not hidden; return where they are.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Projection} projection
 * @param {GroupName[]} names
 * @param {{ hidden: ReadonlySet<number>, unit: number, left: number, theme: Theme }} options `unit`:
 *   px of a coordinate of the layout, 0 in 3D; `left`: where the plot begins, in px
 */
export function drawNames(context, projection, names, { hidden, unit, left, theme }) {
  const { clientWidth: width, clientHeight: height } = context.canvas;
  const shown = names.filter(({ code }) => code === null || !hidden.has(code));
  const locate = (/** @type {GroupName} */ { row, radius }) => {
    const at = projection.project(row);
    return at && { x: at.x, y: at.y, radius: radius * unit };
  };
  const measure = (/** @type {string} */ text, /** @type {number} */ level) => {
    context.font = fontOf(level, theme);
    return context.measureText(text).width;
  };
  context.save();
  context.textBaseline = "top";
  context.textAlign = "center";
  context.lineJoin = "round";
  const placed = placeNames(shown, locate, measure, { left, width, height });
  for (const { lines, x, y, width: wide, level } of placed) {
    const size = SIZES[Math.min(level, 1)] * LINE_HEIGHT;
    context.font = fontOf(level, theme);
    lines.forEach((line, i) => {
      const at = { x: x + wide / 2, y: y + i * size };
      context.strokeStyle = fade(theme.background, 0.9);
      context.lineWidth = 4;
      context.strokeText(line, at.x, at.y);
      context.fillStyle = i ? fade(theme.text, 0.75) : theme.text;
      context.fillText(line, at.x, at.y);
    });
  }
  context.restore();
  return placed;
}
