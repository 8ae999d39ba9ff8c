// @ts-check
// Colors: those of Streamlit's theme, and mixtures of them.

export const GREY = "#8d96a3";

/** The light theme of .streamlit/config.toml. */
export const LIGHT = { background: "#ffffff", text: "#1c2430", accent: "#0b6bcb" };

/**
 * @typedef {{ background: string, text: string, accent: string, font: string }} Theme
 */

/**
 * Return the colors and the font of Streamlit's current theme, which are set on the component's
 * element.
 *
 * @param {Element} node
 * @returns {Theme}
 */
export function currentTheme(node) {
  const style = getComputedStyle(node);
  const read = (/** @type {string} */ name, /** @type {string} */ fallback) =>
    style.getPropertyValue(name).trim() || fallback;
  return {
    background: read("--st-background-color", LIGHT.background),
    text: read("--st-text-color", LIGHT.text),
    accent: read("--st-primary-color", LIGHT.accent),
    font: read("--st-font", "sans-serif"),
  };
}

/**
 * Return a color with an opacity of 0 to 1.
 *
 * @param {string} color
 * @param {number} opacity
 */
export function fade(color, opacity) {
  return `rgba(${channels(color).join(", ")}, ${opacity})`;
}

/**
 * Return the opaque color that is `fraction` of the way from `background` to `color`.
 *
 * @param {string} color
 * @param {string} background
 * @param {number} fraction
 */
export function mix(color, background, fraction) {
  const [from, to] = [channels(background), channels(color)];
  return `rgb(${to.map((value, i) => Math.round(from[i] + fraction * (value - from[i]))).join(", ")})`;
}

/** @type {CanvasRenderingContext2D | null} */
let parser = null;

/**
 * Return red, green and blue, 0 to 255, of an opaque CSS color.
 *
 * @param {string} color
 */
function channels(color) {
  let hex = color;
  if (!/^#[0-9a-f]{6}$/i.test(color)) {
    parser ??= /** @type {CanvasRenderingContext2D} */ (document.createElement("canvas").getContext("2d"));
    parser.fillStyle = color; // a canvas reads back every opaque color as #rrggbb, by its standard
    hex = parser.fillStyle;
  }
  return [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16));
}
