// @ts-check
// Texts and numbers as the screen shows them.

/**
 * Escape a text for plotly.js, which renders a small subset of HTML in names and titles.
 *
 * @param {unknown} text
 */
export function escapeHtml(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/**
 * Write a count: 1,797.
 *
 * @param {number} count
 */
export const formatCount = (count) => count.toLocaleString("en-US");

/**
 * Write a value with so many decimals, or with two digits where those would all be zero.
 *
 * @param {number} value
 * @param {number} decimals
 */
export function formatDecimals(value, decimals) {
  const vanishes = value && Math.abs(value) < 0.5 * 10 ** -decimals;
  return vanishes ? value.toPrecision(2) : value.toFixed(decimals);
}

/**
 * Write a value with four significant digits; nothing for a missing one.
 *
 * @param {number | null | undefined} value
 */
export function formatValue(value) {
  if (value == null) return "";
  return Number(value.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 });
}
