// @ts-check
// The colors of a figure that stand for numbers: those of similarity, and those of plotly.js's scale.
import { shades } from "../map/similarity.js";
import { readColor } from "./marks.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("../map/map.js").EmbeddingMap} EmbeddingMap */
/** @typedef {import("./key.js").Scale} Scale */

/** Colors of a scale. */
export const SHADES = 256;

/**
 * Return the scale of similarities, with the texts that are on the screen.
 *
 * @param {EmbeddingMap} map
 * @param {Theme} theme
 * @returns {Scale}
 */
export function similarityScale({ elements: { scale } }, theme) {
  const ends = scale.querySelectorAll(".similarity-ends span");
  const [low, high] = Array.from(ends, ({ textContent }) => textContent ?? "");
  return {
    title: scale.querySelector("strong")?.textContent ?? "",
    colors: shades(theme).filter((_, level) => level % 15 === 0).map((rgb) => `rgb(${rgb})`),
    ticks: [{ text: low, fraction: 0 }, { text: high, fraction: 1 }],
  };
}

/**
 * Return the scale of numbers, with the ticks that plotly.js has written beside its color bar.
 *
 * @param {EmbeddingMap["view"]["graph"]} graph
 * @param {string} title
 * @returns {Scale}
 */
export function numberScale(graph, title) {
  const bar = graph.querySelector(".colorbar .cbfills")?.getBoundingClientRect();
  const ticks = Array.from(graph.querySelectorAll(".colorbar .cbaxis text"), (node) => {
    const { top, height } = node.getBoundingClientRect();
    const fraction = bar ? 1 - (top + height / 2 - bar.top) / bar.height : 0;
    return { text: node.textContent ?? "", fraction: Math.min(1, Math.max(0, fraction)) };
  });
  return { title, colors: rampColors(colorScale(graph)).filter((_, i) => i % 17 === 0), ticks };
}

/**
 * Return plotly.js's color scale: colors by position from 0 to 1.
 *
 * @param {EmbeddingMap["view"]["graph"]} graph
 * @returns {[number, string][]}
 */
export function colorScale(graph) {
  const found = graph._fullData?.find(({ marker }) => Array.isArray(marker?.colorscale));
  if (!found?.marker?.colorscale) throw new Error("the chart has no color scale");
  return found.marker.colorscale;
}

/**
 * Return so many colors of a scale, from its start to its end.
 *
 * @param {[number, string][]} scale colors by position from 0 to 1
 * @param {number} [count]
 */
export function rampColors(scale, count = SHADES) {
  const stops = scale.map(([at, color]) => ({ at, channels: readColor(color) }));
  return Array.from({ length: count }, (_, level) => {
    const at = level / (count - 1);
    const after = Math.max(1, stops.findIndex((stop) => stop.at >= at));
    const [from, to] = [stops[after - 1], stops[after]];
    const fraction = (at - from.at) / (to.at - from.at);
    const [red, green, blue] = from.channels.map((value, i) => Math.round(value + fraction * (to.channels[i] - value)));
    return `rgb(${red}, ${green}, ${blue})`;
  });
}
