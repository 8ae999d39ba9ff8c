// @ts-check
// What is written around the plot of a figure: title, legend, color bar, scale of similarities.
import { fade } from "../shared/colors.js";
import { formatCount } from "../shared/text.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("../map/data.js").LoadedCategories} Categories */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./marks.js").Text} Text */

/** @typedef {(text: string, size: number, weight: number) => number} Measure Return a width in px. */
/** @typedef {{ width: number, height: number, marks: Mark[] }} Block Marks from (0, 0) on, and their size. */
/** @typedef {{ title: string, colors: string[], ticks: { text: string, fraction: number }[] }} Scale */

/** @typedef {{ theme: Theme, measure: Measure }} Style */

const SIZE = 12.5; // px of the font
const LINE = 18;
const WIDEST = 210; // px of a text in the legend
const SWATCH = 5; // px, the radius
const BAR = 10; // px, the width of the color bar
const QUIET = 0.72; // opacity of what is less important

/**
 * Return a text.
 *
 * @param {string} text
 * @param {number} x
 * @param {number} y
 * @param {Style} style
 * @param {Partial<Text>} options
 * @returns {Text}
 */
function write(text, x, y, { theme, measure }, options = {}) {
  const { size = SIZE, weight = 400 } = options;
  return {
    kind: "text", text, x, y, size, weight, anchor: "start", halo: null, length: measure(text, size, weight),
    color: fade(theme.text, 1), ...options,
  };
}

/**
 * Return the title and the line below it.
 *
 * @param {string} title
 * @param {string} details
 * @param {Style} style
 * @returns {Block}
 */
export function titleBlock(title, details, style) {
  const marks = [write(title, 12, 24, style, { size: 16, weight: 600 })];
  if (details) marks.push(write(details, 12, 42, style, { color: fade(style.theme.text, QUIET) }));
  return { marks, width: 24 + Math.max(...marks.map(({ length }) => length)), height: details ? 52 : 36 };
}

/**
 * Return the legend: the categories that are shown, with their counts, and how many are hidden.
 *
 * @param {Categories} colors
 * @param {ReadonlySet<number>} hidden
 * @param {Style} style
 * @returns {Block}
 */
export function legendBlock(colors, hidden, style) {
  const shown = colors.names.map((name, code) => ({ name, code })).filter(({ code }) => !hidden.has(code));
  const lines = shown.map(({ name, code }) => ({
    code, name: wrap(name, (text) => style.measure(text, SIZE, 400)), count: formatCount(colors.counts[code]),
  }));
  const title = wrap(colors.title, (text) => style.measure(text, SIZE, 600));
  const widths = lines.flatMap(({ name }) => name.map((text) => style.measure(text, SIZE, 400)));
  const counts = Math.max(0, ...lines.map(({ count }) => style.measure(count, SIZE, 400)));
  const right = Math.ceil(30 + Math.max(0, ...widths) + 14 + counts);
  /** @type {Mark[]} */
  const marks = [];
  let y = 18;
  for (const text of title) {
    marks.push(write(text, 12, y, style, { weight: 600 }));
    y += LINE;
  }
  y += 2;
  const quiet = { color: fade(style.theme.text, QUIET) };
  for (const { code, name, count } of lines) {
    const swatch = { x: 18, y: y - 4, radius: SWATCH, fill: colors.palette[code], stroke: null, width: 0 };
    marks.push({ kind: "circle", ...swatch });
    marks.push(write(count, right, y, style, { ...quiet, anchor: "end" }));
    for (const text of name) {
      marks.push(write(text, 30, y, style));
      y += LINE;
    }
    y += 2;
  }
  if (hidden.size) {
    const { size } = hidden;
    marks.push(write(`${size} ${size === 1 ? "category" : "categories"} hidden`, 12, y, style, quiet));
    y += LINE;
  }
  return { marks, width: right + 14, height: y };
}

/**
 * Return an upright color bar, with ticks and a title along it.
 *
 * @param {Scale} scale
 * @param {number} height in px
 * @param {Style} style
 * @returns {Block}
 */
export function colorBarBlock({ title, colors, ticks }, height, style) {
  const top = 10;
  const marks = ticks.map(({ text, fraction }) =>
    write(text, BAR + 10, top + (1 - fraction) * height + 4, style, { size: 12 }));
  const wide = Math.max(0, ...marks.map(({ length }) => length));
  const x = BAR + 10 + wide + 10;
  const turned = write(title, x, top + height / 2, style, { anchor: "middle", turned: true });
  return {
    marks: [{ kind: "ramp", x: 4, y: top, width: BAR, height, colors }, ...marks, turned],
    width: x + 12, height: Math.max(height, turned.length) + 2 * top,
  };
}

/**
 * Return a level scale below its title.
 *
 * @param {Scale} scale its ticks are the two ends
 * @param {Style} style
 * @returns {Block}
 */
export function scaleBlock({ title, colors, ticks: [low, high] }, style) {
  const lines = wrap(title, (text) => style.measure(text, SIZE, 600));
  /** @type {Mark[]} */
  const marks = lines.map((text, i) => write(text, 12, 18 + LINE * i, style, { weight: 600 }));
  const y = 18 + LINE * (lines.length - 1) + 8;
  const width = 176;
  marks.push({ kind: "ramp", x: 12, y, width, height: 8, colors });
  const quiet = { color: fade(style.theme.text, QUIET) };
  marks.push(write(low.text, 12, y + 24, style, quiet));
  marks.push(write(high.text, 12 + width, y + 24, style, { ...quiet, anchor: "end" }));
  return { marks, width: Math.max(width, WIDEST) + 26, height: y + 32 };
}

/**
 * Break a text into lines of at most WIDEST px, at blanks where there are any.
 *
 * @param {string} text
 * @param {(text: string) => number} measure
 */
export function wrap(text, measure) {
  const lines = [];
  let line = "";
  for (const word of text.split(/(?<=\s)/)) {
    if (measure((line + word).trimEnd()) <= WIDEST) {
      line += word;
      continue;
    }
    if (line) lines.push(line.trimEnd());
    line = "";
    for (const character of word) {
      if (measure(line + character) > WIDEST) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
  }
  return [...lines, line.trimEnd()];
}

/**
 * Move marks.
 *
 * @template {Mark} Kind
 * @param {Kind[]} marks
 * @param {number} dx in px
 * @param {number} dy
 * @returns {Kind[]}
 */
export function moved(marks, dx, dy) {
  const move = (/** @type {{ x: number, y: number }} */ { x, y }) => ({ x: x + dx, y: y + dy });
  return marks.map((mark) => {
    if (mark.kind === "line") return { ...mark, from: move(mark.from), to: move(mark.to) };
    if (mark.kind === "shape") return { ...mark, rings: mark.rings.map((ring) => ring.map(move)) };
    return { ...mark, ...move(mark) };
  });
}
