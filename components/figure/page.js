// @ts-check
// The map as one HTML file that needs no network: what is drawn, and the modules that draw it.
import { toBase64 } from "../shared/bits.js";
import { fade, GREY } from "../shared/colors.js";
import { escapeHtml } from "../shared/text.js";
import { displayedPoints } from "../map/added.js";
import { markerStyle, take } from "../map/points.js";
import { layoutOf } from "../map/projection.js";
import { shades } from "../map/similarity.js";
import { diameterOf, levelOfRows, onWhite, wordsOf } from "./describe.js";
import { colorScale, numberScale, rampColors, SHADES, similarityScale } from "./scales.js";

/** @typedef {import("../map/map.js").EmbeddingMap} EmbeddingMap */
/** @typedef {import("./describe.js").Options} Options */
/** @typedef {import("./viewer.js").Page} Page */

const FOLDER = new URL("../", import.meta.url).href;
const IMPORT = /(\bfrom\s+|^import\s+)"(\.{1,2}\/[^"]+\.js)"/gm;

/**
 * Return the map as the text of an HTML file.
 *
 * @param {EmbeddingMap} map
 * @param {Options} options
 */
export async function toPage(map, options) {
  const page = describePage(map, options);
  const [modules, ...styles] = await Promise.all([
    collectModules("figure/viewer.js", fetchText), fetchText("map/map.css"), fetchText("figure/viewer.css"),
  ]);
  const imports = Object.fromEntries(Array.from(modules, ([name, source]) =>
    [name, `data:text/javascript;base64,${toBase64(new TextEncoder().encode(source))}`]));
  const { background, text, accent, font } = page.theme;
  const named = { "background-color": background, "text-color": text, "primary-color": accent, font };
  const variables = Object.entries(named)
    .map(([name, value]) => `--st-${name}: ${value};`).join(" ");
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; \
script-src 'unsafe-inline' data:; img-src data:">
<title>${escapeHtml(page.title)}</title>
<style>:root { ${variables.replace(/</g, "")} }
${styles.join("\n")}</style>
<script type="importmap">${asScript({ imports })}</script>
</head>
<body>
<script type="application/json" id="data">${asScript(page)}</script>
<script type="module">
import("figure/viewer.js").then(({ start }) => start());
</script>
</body>
</html>
`;
}

/**
 * Describe the map for the viewer.
 *
 * @param {EmbeddingMap} map
 * @param {Options} options
 * @returns {Page}
 */
function describePage(map, options) {
  const { view: { scene, graph }, data, overlay } = map;
  if (!scene || !data.drawable) throw new Error("the map has not been drawn yet");
  if (!data.texts) throw new Error("the labels are still being loaded; try again in a moment");
  const { labels, columns } = data.texts;
  const { points, drawable: { mask, alone, style } } = scene;
  const theme = options.background === "white" ? onWhite(map.theme) : map.theme;
  const { focus, names, axes, levels, added, pointLabels } = overlay.highlights;
  const isSimilar = levels !== null;
  const rows = rowsOf(points.count, isSimilar ? scene.visible : alone);
  const places = new Int32Array(points.count).fill(-1); // in the file, of each row that it has
  rows.forEach((row, place) => (places[row] = place));
  const marker = markerStyle(points.count, points.dims, style);
  return {
    ...wordsOf(map),
    theme: {
      font: theme.font, background: fade(theme.background, 1), text: fade(theme.text, 1), accent: fade(theme.accent, 1),
    },
    dims: points.dims,
    axes: points.axes.map((axis) => toBase64(new Uint8Array(take(axis, rows).buffer))),
    ...colorsOf(map, rows, theme),
    hidden: isSimilar ? [] : [...data.hidden],
    mask: mask && !isSimilar ? toBase64(bytesOf(rows, (row) => mask[row])) : null,
    style: {
      size: levels?.size ?? diameterOf(marker.size, points.dims), opacity: levels?.opacity ?? marker.opacity,
      muted: marker.muted,
      diameters: style.diameters && toBase64(new Uint8Array(take(style.diameters, rows).buffer)),
    },
    labels: Array.from(rows, (row) => labels[row]),
    columns: columns.map(({ name, cells }) => ({ name, cells: Array.from(rows, (row) => cells[row]) })),
    focus: focus && {
      row: focus.row === null || places[focus.row] < 0 ? null : places[focus.row],
      rows: focus.rows.map((row) => places[row]).filter((place) => place >= 0),
      nearness: focus.nearness.filter((_, i) => places[focus.rows[i]] >= 0),
    },
    names: names.map((name) => ({ ...name, row: places[name.row] })).filter(({ row }) => row >= 0),
    pointLabels, density: overlay.density.mode,
    added: added && { axes: displayedPoints(added, points), labels: added.labels },
    ends: points.dims === 2 ? axes : [],
    half: points.half, extent: points.extent, reach: points.reach,
    view: seen(graph, points.dims),
    box: points.dims === 3 && !isSimilar ? boxOf(graph) : null,
  };
}

/**
 * Return the box around a map in 3D, in display coordinates.
 *
 * @param {EmbeddingMap["view"]["graph"]} graph
 * @returns {Page["box"]}
 */
function boxOf(graph) {
  const { dataScale, glplot } = layoutOf(graph).scene._scene;
  if (!glplot?.axes) return null;
  const { bounds, ticks } = glplot.axes;
  const [low, high] = bounds.map((corner) => corner.map((value, i) => value / dataScale[i]));
  return { bounds: [low, high], ticks: ticks.map((each, i) => each.map(({ x }) => ({ x: x / dataScale[i] }))) };
}

/**
 * Return the colors of rows, and what explains them.
 *
 * @param {EmbeddingMap} map
 * @param {Uint32Array} rows
 * @param {import("../shared/colors.js").Theme} theme
 * @returns {Pick<Page, "codes" | "palette" | "order" | "legend" | "scale">}
 */
function colorsOf(map, rows, theme) {
  const { overlay: { highlights: { levels } }, view: { graph, scene } } = map;
  const colors = scene?.drawable.colors;
  if (levels) {
    const levelOf = levelOfRows(levels.rowsByLevel, scene?.points.count ?? 0);
    return {
      codes: toBase64(bytesOf(rows, (row) => levelOf[row])), order: "ascending", legend: null,
      palette: shades(theme).map((rgb) => `rgb(${rgb})`), scale: similarityScale(map, theme),
    };
  }
  if (colors?.kind === "numbers") {
    const { values, low, high, title } = colors;
    const codes = bytesOf(rows, (row) => (Number.isNaN(values[row])
      ? 0
      : 1 + Math.round((SHADES - 2) * Math.min(1, Math.max(0, (values[row] - low) / (high - low))))));
    const ramp = rampColors(colorScale(graph), SHADES - 1);
    return {
      codes: toBase64(codes), order: null, legend: null, palette: [GREY, ...ramp], scale: numberScale(graph, title),
    };
  }
  if (!colors) throw new Error("the map has no colors yet");
  const { title, names, counts, palette } = colors;
  return {
    codes: toBase64(bytesOf(rows, (row) => colors.codes[row])), order: "descending", palette, scale: null,
    legend: names.length > 1 ? { title, names, counts } : null,
  };
}

/**
 * Return the rows that a mask has, or all.
 *
 * @param {number} count
 * @param {Uint8Array | null} mask
 */
function rowsOf(count, mask) {
  const rows = new Uint32Array(count);
  let found = 0;
  for (let row = 0; row < count; row++) if (!mask || mask[row]) rows[found++] = row;
  return rows.slice(0, found);
}

/**
 * Return a byte for each row; a loop, since a million calls of an iterator take a second.
 *
 * @param {Uint32Array} rows
 * @param {(row: number) => number} valueOf
 */
function bytesOf(rows, valueOf) {
  const bytes = new Uint8Array(rows.length);
  for (let i = 0; i < rows.length; i++) bytes[i] = valueOf(rows[i]);
  return bytes;
}

/**
 * Return the part of the map that is in view.
 *
 * @param {EmbeddingMap["view"]["graph"]} graph
 * @param {2 | 3} dims
 * @returns {Page["view"]}
 */
function seen(graph, dims) {
  const { xaxis, yaxis, scene } = layoutOf(graph);
  if (dims === 2) {
    const [x, y] = [xaxis.range, yaxis.range];
    const half = [x, y].map(([low, high]) => (high - low) / 2);
    return { dims, center: [x, y].map(([low], i) => low + half[i]), half };
  }
  const { eye, center, up = { x: 0, y: 0, z: 1 } } = scene.camera;
  const [e, c, u] = [eye, center, up].map((vector) => [vector.x, vector.y, vector.z]);
  return { dims, eye: e, center: c, up: u };
}

/**
 * Return a module and those that it imports, by path; each imports the others by those names.
 *
 * @param {string} entry path of the module
 * @param {(path: string) => Promise<string>} read
 */
export async function collectModules(entry, read) {
  /** @type {Map<string, string>} */
  const modules = new Map();
  const waiting = [entry];
  for (let path; (path = waiting.pop()); ) {
    if (modules.has(path)) continue;
    const base = new URL(path, "file:///");
    modules.set(path, (await read(path)).replace(IMPORT, (_, before, specifier) => {
      const imported = new URL(specifier, base).pathname.slice(1);
      waiting.push(imported);
      return `${before}"${imported}"`;
    }));
  }
  return modules;
}

/** @param {string} path */
async function fetchText(path) {
  const response = await fetch(FOLDER + path);
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`);
  return response.text();
}

/**
 * Write a value as JSON that no script element ends within.
 *
 * @param {unknown} value
 */
const asScript = (value) => JSON.stringify(value).replace(/</g, "\\u003c");
