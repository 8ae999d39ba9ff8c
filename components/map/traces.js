// @ts-check
// From points, colors and a mask to what plotly.js draws: one trace for each category.
import { GREY, mix } from "../shared/colors.js";
import { escapeHtml } from "../shared/text.js";
import { FIRST_EYE, fitRanges } from "./camera.js";
import { groupRows, markerStyle, take } from "./points.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./view.js").Room} Room */
/** @typedef {import("./data.js").LoadedColors} Colors */
/** @typedef {import("./data.js").LoadedNumbers} Numbers */
/** @typedef {import("./data.js").LoadedCategories} Categories */
/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./points.js").PointStyle} PointStyle */

/**
 * @typedef {object} Drawing
 * @property {Points} points
 * @property {Colors} colors
 * @property {Uint8Array | null} mask 1 for rows that stand out; the others are muted.
 * @property {Uint8Array | null} alone 1 for rows that are drawn; the others are left out.
 * @property {ReadonlySet<number>} hidden Categories that are not drawn.
 * @property {PointStyle} style
 * @property {Theme} theme
 */

const SIZE_REF_3D = 0.5; // plotly.js halves sizes that differ, in 3D not those that are one

/** @typedef {(rows: ArrayLike<number>, name: string, marker: object) => object} MakeTrace */

/**
 * Return the traces, those drawn first at the bottom.
 *
 * @param {Drawing} drawing
 */
export function buildTraces({ points, colors, mask, alone, hidden, style, theme }) {
  const marker = markerStyle(points.count, points.dims, style);
  const make = maker(points, points.dims === 3 ? "scatter3d" : "scattergl", { ...marker, diameters: style.diameters });
  const codes = colors.kind === "categories" ? colors.codes : new Uint8Array(points.count);
  const groups = colors.kind === "categories" ? colors.names.length : 1;
  const traces = [];
  if (mask) {
    const muted = groupRows(codes, groups, mask.map((selected, row) => 1 - selected & (alone?.[row] ?? 1)));
    const rows = concatenate(muted.filter((_, code) => !hidden.has(code)));
    traces.push(make(rows, "not selected", { color: GREY, opacity: marker.muted }));
  }
  const above = mask && alone ? mask.map((selected, row) => selected & alone[row]) : mask ?? alone;
  const rows = groupRows(codes, groups, above);
  const colored = colors.kind === "numbers"
    ? numberTraces(make, rows[0], colors, theme)
    : categoryTraces(make, rows, colors, hidden);
  return [...traces, ...colored];
}

/**
 * Return traces without points: where there is no WebGL the points are drawn on a canvas, and
 * plotly.js draws the color bar and moves the view.
 *
 * @param {Points} points
 * @param {Colors} colors
 * @param {Theme} theme
 */
export function emptyTraces(points, colors, theme) {
  const none = { ...points, count: 0, axes: points.axes.map(() => new Float32Array()) };
  const make = maker(none, "scatter", { size: 1, opacity: 1, diameters: null });
  const rows = new Uint32Array();
  return colors.kind === "numbers" ? numberTraces(make, rows, colors, theme) : [make(rows, "", {})];
}

/**
 * @param {Points} points
 * @param {"scatter3d" | "scattergl" | "scatter"} type
 * @param {PointStyle} style with diameter in px and opacity as they are drawn
 * @returns {MakeTrace}
 */
function maker(points, type, { size, opacity, diameters }) {
  const sizesOf = (/** @type {ArrayLike<number>} */ rows) => (diameters
    ? { size: take(diameters, rows).map((factor) => size * factor), sizeref: points.dims === 3 ? SIZE_REF_3D : 1 }
    : { size });
  return (rows, name, marker) => ({
    type, name, mode: "markers", hoverinfo: "skip", showlegend: false,
    ...(points.dims === 2 && { selectedpoints: null }), // the mask says which points stand out
    ...Object.fromEntries(points.axes.map((axis, i) => ["xyz"[i], take(axis, rows)])),
    marker: { ...sizesOf(rows), opacity, line: { width: 0 }, ...marker },
  });
}

/**
 * @param {MakeTrace} make
 * @param {ArrayLike<number>[]} rows of each category
 * @param {Categories} colors
 * @param {ReadonlySet<number>} hidden
 */
function categoryTraces(make, rows, colors, hidden) {
  const traces = colors.names.map((name, code) => ({
    ...make(rows[code], escapeHtml(name), { color: colors.palette[code] ?? GREY }),
    visible: !hidden.has(code),
  }));
  return traces.reverse(); // the largest category is drawn last
}

/**
 * @param {MakeTrace} make
 * @param {Uint32Array} rows
 * @param {Numbers} colors
 * @param {Theme} theme
 */
function numberTraces(make, rows, colors, theme) {
  const missing = rows.filter((row) => Number.isNaN(colors.values[row]));
  const known = rows.filter((row) => !Number.isNaN(colors.values[row]));
  const marker = {
    color: take(colors.values, known), colorscale: colors.ramp ? evenly(colors.ramp) : "Viridis",
    cmin: colors.low, cmax: colors.high, showscale: true, colorbar: colorBar(colors, theme),
  };
  return [
    ...(missing.length ? [make(missing, "(missing)", { color: GREY })] : []),
    make(known, colors.title, marker),
  ];
}

/**
 * Return colors with their places on a scale from 0 to 1, at even distances.
 *
 * @param {string[]} colors
 * @returns {[number, string][]}
 */
const evenly = (colors) => colors.map((color, i) => [i / (colors.length - 1), color]);

/**
 * @param {Numbers} colors
 * @param {Theme} theme
 */
function colorBar({ title, ticks }, theme) {
  return {
    title: { text: escapeHtml(title), side: "right" }, thickness: 10, len: 0.5, x: 1,
    xanchor: "left", y: 0, yanchor: "bottom", outlinewidth: 0, tickfont: { color: theme.text },
    ...(ticks && { tickmode: "array", tickvals: ticks.values, ticktext: ticks.texts }),
  };
}

/**
 * Return plotly.js's layout with the view that fits the cloud; it adds the color bar's room.
 *
 * @param {Points} points
 * @param {Theme} theme
 * @param {Room} room
 */
export function buildLayout(points, theme, room) {
  const common = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: room.left, r: 0, t: 0, b: 0 }, showlegend: false, hovermode: false,
    selectionrevision: performance.now(), font: { family: theme.font, color: theme.text },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: GREY, activecolor: theme.accent },
  };
  if (points.dims === 2) {
    const bare = { visible: false, showgrid: false, zeroline: false, showspikes: false };
    const [x, y] = fitRanges(points, room);
    return {
      ...common, dragmode: "pan",
      xaxis: { ...bare, range: x }, yaxis: { ...bare, range: y, scaleanchor: "x" },
    };
  }
  const reach = points.reach * 1.02;
  const colors = gridColors(theme);
  const axis = {
    range: [-reach, reach], title: { text: "" }, showticklabels: false, showspikes: false,
    showbackground: false, zeroline: false,
    gridcolor: colors.grid, linecolor: colors.line,
  };
  return {
    ...common,
    scene: {
      xaxis: axis, yaxis: axis, zaxis: axis, dragmode: "orbit", hovermode: false,
      aspectmode: "manual", aspectratio: { x: reach, y: reach, z: reach },
      camera: { eye: FIRST_EYE, projection: { type: "perspective" } },
    },
  };
}

/**
 * Return the opaque colors of grid and axes in 3D, where plotly.js ignores opacity.
 *
 * @param {Theme} theme
 */
export function gridColors({ text, background }) {
  return { grid: mix(text, background, 0.1), line: mix(text, background, 0.22) };
}

/** @param {Uint32Array[]} arrays */
function concatenate(arrays) {
  const all = new Uint32Array(arrays.reduce((sum, array) => sum + array.length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}
