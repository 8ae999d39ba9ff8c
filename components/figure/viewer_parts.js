// @ts-check
// What the page of an exported HTML file reads, finds and shows beside its points.
import { element, plainText } from "../shared/dom.js";

/** @typedef {import("./viewer.js").Page} Page */

/**
 * Return the bytes of a text in base64.
 *
 * @param {string} text
 */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Return the rows that a text is found in, in their label or in a column.
 *
 * @param {string} text
 * @param {Pick<Page, "labels" | "columns">} texts
 */
export function search(text, { labels, columns }) {
  const wanted = text.trim().toLocaleLowerCase();
  if (!wanted) return [];
  const has = (/** @type {string} */ cell) => cell.toLocaleLowerCase().includes(wanted);
  return labels.flatMap((label, row) => {
    const cells = columns.map(({ cells: column }) => column[row]);
    return has(label) || cells.some((cell) => cell && has(plainText(cell))) ? [row] : [];
  });
}

/**
 * Return the element of a scale of colors, with its ends.
 *
 * @param {import("./key.js").Scale} scale
 */
export function scaleElement({ title, colors, ticks }) {
  const ends = [ticks.at(0), ticks.at(-1)].map((tick) => {
    const place = `${100 * (tick?.fraction ?? 0)}%`;
    return element("span", { style: `left: ${place}; translate: -${place}` }, tick?.text ?? "");
  });
  const gradient = `linear-gradient(to right, ${colors.join(", ")})`;
  return element(
    "div", { class: "map-similarity" }, element("strong", {}, title),
    element("div", { class: "similarity-colors", style: `background: ${gradient}` }),
    element("div", { class: "similarity-ends" }, ...ends),
  );
}
