// @ts-check
// From the map to a figure of it: what is on the screen now, with a title and a legend around it.
import { fade, LIGHT } from "../shared/colors.js";
import { formatCount } from "../shared/text.js";
import { layoutOf } from "../map/projection.js";
import { shades } from "../map/similarity.js";
import { buildTraces } from "../map/traces.js";
import { boxLines } from "./box.js";
import { colorBarBlock, legendBlock, moved, scaleBlock, titleBlock } from "./key.js";
import { readColor, Recorder, toGrey } from "./marks.js";
import { colorScale, numberScale, rampColors, SHADES, similarityScale } from "./scales.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("../map/map.js").EmbeddingMap} EmbeddingMap */
/** @typedef {import("./key.js").Block} Block */
/** @typedef {import("./marks.js").Dots} Dots */
/** @typedef {import("./marks.js").Figure} Figure */

/**
 * @typedef {object} Options
 * @property {"screen" | "white" | "none"} background
 * @property {boolean} title
 * @property {boolean} legend
 *
 * @typedef {{ x: number, y: number, width: number, height: number }} Box
 */

const BRIGHT = 3 * 200; // red, green and blue together, from which on a background is light
const GLYPH = "●"; // that plotly.js draws in 3D for a point
const GLYPH_SIZE = 4; // px of its font for a marker's size of 1

/**
 * @typedef {object} Trace Of plotly.js, as `buildTraces` makes it.
 * @property {string} name
 * @property {boolean} [visible]
 * @property {Float32Array} x
 * @property {Float32Array} y
 * @property {Float32Array} [z]
 * @property {Marker} marker
 *
 * @typedef {object} Marker
 * @property {number | Float32Array} size
 * @property {number} opacity
 * @property {string | Float32Array} color
 * @property {number} [cmin]
 * @property {number} [cmax]
 */

/**
 * Describe what the map shows.
 *
 * @param {EmbeddingMap} map
 * @param {Options} options
 * @returns {Figure}
 */
export function describeFigure(map, options) {
  const { scene } = map.view;
  if (!scene || !map.message) throw new Error("the map has not been drawn yet");
  scene.projection.refresh();
  const theme = options.background === "white" ? onWhite(map.theme) : map.theme;
  const { l: x, t: y, w: width, h: height } = layoutOf(map.view.graph)._size;
  const screen = { x, y, width, height }; // the plot, in px of the map
  const measuring = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  const style = { theme, measure: measureIn(measuring, theme.font) };
  const { title, details } = wordsOf(map);
  const top = options.title ? titleBlock(title, details, style) : empty();
  const { left, right } = options.legend ? keyBlocks(map, screen, style) : { left: empty(), right: empty() };
  const [dx, dy] = [left.width - screen.x, top.height - screen.y];
  const plot = { x: left.width, y: top.height, width: screen.width, height: screen.height };
  const marks = new Recorder(measuring, { clientWidth: x + width, clientHeight: y + height });
  const { images, highlights: { levels } } = map.overlay;
  images.step(1); // none is half faded in
  map.overlay.paintImages(/** @type {any} */ (marks), scene.projection, theme);
  map.overlay.paint(/** @type {any} */ (marks), scene.projection, theme, null, images.onScreen());
  // below a clicked item the style sheet makes the plot grey and pale
  const opacity = levels ? 1 : Number(getComputedStyle(map.elements.plain).opacity);
  const isMuted = opacity < 1;
  const dots = levels ? [levelDots(map, screen, theme)] : plotDots(map, screen, theme);
  const colored = isMuted ? dots.map((each) => ({ ...each, palette: each.palette.map(toGrey) })) : dots;
  const lines = levels ? [] : boxLines(map, theme);
  const areas = new Recorder(measuring, { clientWidth: x + width, clientHeight: y + height });
  map.overlay.density.paint(/** @type {any} */ (areas), scene, theme);
  return {
    title,
    width: Math.ceil(Math.max(left.width + screen.width + right.width, top.width)),
    height: Math.ceil(top.height + Math.max(screen.height, left.height, right.height)),
    font: theme.font,
    background: options.background === "none" ? null : fade(theme.background, 1),
    plot,
    opacity,
    below: [
      ...moved(areas.marks, dx, dy), // grey already
      ...moved(isMuted ? lines.map((line) => ({ ...line, color: toGrey(line.color) })) : lines, dx, dy),
    ],
    dots: colored.map((each) => ({ ...each, xs: each.xs.map((px) => px + dx), ys: each.ys.map((py) => py + dy) })),
    marks: moved(marks.marks, dx, dy),
    key: [
      ...top.marks,
      ...moved(left.marks, 0, top.height),
      ...moved(right.marks, left.width + screen.width, top.height + Math.max(0, screen.height - right.height)),
    ],
  };
}

/**
 * Return the diameter in px of a point with a marker of plotly.js. In 3D it is a letter, whose shape is
 * that of the browser's font.
 *
 * @param {number} size of the marker
 * @param {2 | 3} dims
 */
export function diameterOf(size, dims) {
  if (dims === 2) return size;
  const context = /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
  context.font = "100px normal"; // plotly.js names no other
  const { actualBoundingBoxLeft: left, actualBoundingBoxRight: right } = context.measureText(GLYPH);
  return (GLYPH_SIZE * size * (left + right)) / 100;
}

/** @returns {Block} */
const empty = () => ({ marks: [], width: 0, height: 0 });

/**
 * Return a theme for a white background; its font stays.
 *
 * @param {Theme} theme
 */
export function onWhite(theme) {
  const [red, green, blue] = readColor(fade(theme.background, 1));
  return red + green + blue > BRIGHT ? { ...theme, background: LIGHT.background } : { ...theme, ...LIGHT };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} font
 * @returns {import("./key.js").Measure}
 */
function measureIn(context, font) {
  return (text, size, weight) => {
    context.font = `${weight} ${size}px ${font}`;
    return context.measureText(text).width;
  };
}

/**
 * Return the title of a figure of the map, and the line below it.
 *
 * @param {EmbeddingMap} map
 */
export function wordsOf({ message, view: { scene } }) {
  const { title = "", details = "" } = message ?? {};
  const count = scene?.points.count ?? 0;
  const visible = scene?.visible.reduce((sum, one) => sum + one, 0) ?? 0;
  const mask = scene?.drawable.mask;
  const colored = scene?.visible.reduce((sum, one, row) => sum + (one && mask ? mask[row] : 0), 0) ?? 0;
  const shown = visible === count ? "" : `${formatCount(visible)} of `;
  const muted = mask ? `, ${formatCount(colored)} in color` : "";
  const points = `${shown}${formatCount(count)} points${muted}`;
  return { title, details: details ? `${details} · ${points}` : points };
}

/**
 * Return the legend or the scale for the left side, and the color bar for the right.
 *
 * @param {EmbeddingMap} map
 * @param {Box} screen
 * @param {import("./key.js").Style} style
 */
function keyBlocks(map, screen, style) {
  const { data, overlay, view } = map;
  const colors = data.drawable?.colors;
  if (overlay.highlights.levels) return { left: scaleBlock(similarityScale(map, style.theme), style), right: empty() };
  if (colors?.kind === "categories" && colors.names.length > 1) {
    return { left: legendBlock(colors, data.hidden, style), right: empty() };
  }
  if (colors?.kind === "numbers") {
    return { left: empty(), right: colorBarBlock(numberScale(view.graph, colors.title), screen.height / 2, style) };
  }
  return { left: empty(), right: empty() };
}

/**
 * Return the points of the plot as plotly.js draws them, in px of the map.
 *
 * @param {EmbeddingMap} map
 * @param {Box} screen
 * @param {Theme} theme
 * @returns {Dots[]}
 */
function plotDots({ view: { scene, graph }, data }, screen, theme) {
  if (!scene) return [];
  const { points, projection, drawable: { colors, mask, alone, style } } = scene;
  const drawing = { points, colors, mask, alone, hidden: data.hidden, style, theme };
  const traces = /** @type {Trace[]} */ (buildTraces(drawing));
  const scale = colors.kind === "numbers" ? rampColors(colorScale(graph)) : [];
  return traces.filter(({ visible }) => visible !== false).map(({ name, x, y, z, marker }) => {
    const { size, opacity, color, cmin = 0, cmax = 1 } = marker;
    const unit = diameterOf(1, points.dims) / 2;
    const radii = typeof size === "number" ? null : size.map((each) => unit * each);
    const radius = typeof size === "number" ? unit * size : unit * size.reduce((most, each) => Math.max(most, each), 0);
    const levels = typeof color === "string" ? null : Uint8Array.from(color, (value) =>
      Math.round((SHADES - 1) * Math.min(1, Math.max(0, (value - cmin) / (cmax - cmin)))));
    const { xs, ys, kept } = inside((i) => projection.at(x[i], y[i], z?.[i] ?? 0), x.length, screen, radius);
    return {
      name: unescapeHtml(name), radius, opacity, xs, ys, radii: radii && Float32Array.from(kept, (i) => radii[i]),
      palette: typeof color === "string" ? [color] : scale, codes: levels && Uint8Array.from(kept, (i) => levels[i]),
    };
  });
}

/**
 * Return the points in the colors of similarity, in px of the map, the nearest last.
 *
 * @param {EmbeddingMap} map
 * @param {Box} screen
 * @param {Theme} theme
 * @returns {Dots}
 */
function levelDots({ view: { scene }, overlay: { highlights: { levels } } }, screen, theme) {
  const rows = scene && levels ? levels.rowsByLevel.flatMap((each) => Array.from(each)) : [];
  const visible = rows.filter((row) => scene?.visible[row]);
  const levelOf = levelOfRows(levels?.rowsByLevel ?? [], scene?.points.count ?? 0);
  const radius = (levels?.size ?? 2) / 2;
  const diameters = levels?.diameters;
  const { xs, ys, kept } = inside((i) => scene?.projection.project(visible[i]) ?? null, visible.length, screen, radius);
  return {
    name: "similarity", radius, opacity: levels?.opacity ?? 1, xs, ys,
    radii: diameters ? Float32Array.from(kept, (i) => radius * diameters[visible[i]]) : null,
    palette: shades(theme).map(([red, green, blue]) => `rgb(${red}, ${green}, ${blue})`),
    codes: Uint8Array.from(kept, (i) => levelOf[visible[i]]),
  };
}

/**
 * Return the level of each row.
 *
 * @param {Uint32Array[]} rowsByLevel
 * @param {number} count
 */
export function levelOfRows(rowsByLevel, count) {
  const levelOf = new Uint8Array(count);
  rowsByLevel.forEach((rows, level) => rows.forEach((row) => (levelOf[row] = level)));
  return levelOf;
}

/**
 * Return the places that are within the plot, with their indices.
 *
 * @param {(i: number) => { x: number, y: number } | null} placeOf
 * @param {number} count
 * @param {Box} screen
 * @param {number} radius of the dots, in px
 */
function inside(placeOf, count, { x, y, width, height }, radius) {
  const [xs, ys, kept] = [new Float32Array(count), new Float32Array(count), new Uint32Array(count)];
  let found = 0;
  for (let i = 0; i < count; i++) {
    const at = placeOf(i);
    const isInside = at && at.x > x - radius && at.x < x + width + radius
      && at.y > y - radius && at.y < y + height + radius;
    if (!isInside) continue;
    [xs[found], ys[found], kept[found]] = [at.x, at.y, i];
    found++;
  }
  return { xs: xs.slice(0, found), ys: ys.slice(0, found), kept: kept.slice(0, found) };
}

/** @param {string} text */
const unescapeHtml = (text) => text.replace(/&lt;/g, "<").replace(/&gt;/g, ">").replace(/&amp;/g, "&");
