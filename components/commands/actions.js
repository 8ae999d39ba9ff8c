// @ts-check
// What the command palette offers: choices of the view, what the map does, and the page's controls.

/**
 * @typedef {object} Action
 * @property {string} title
 * @property {string} keys Keys that do the same, or "".
 * @property {() => void} run
 *
 * @typedef {object} Choice A view that differs from the current one, as Python sends it.
 * @property {string} title
 * @property {Record<string, string | null>} params Parameters of the address that it changes; null removes one.
 * @property {boolean} alone Whether the address has no other parameters.
 */

const CONTROLS = "button, summary, a[href], a.modebar-btn, input, textarea, [role=tab]";

/**
 * Lists, whose entries are items of the set; widgets whose choices Python sends; what is part of another
 * control; and the palette itself.
 */
const OTHERS = `.neighbor-list, .map-legend, table, [data-testid=stButtonGroup], [data-testid=stTooltipIcon],
  [data-testid=stSkipLink], [data-testid=stSelectbox] button, [type=file], .commands`;

/**
 * Return the actions with all words of a text in their titles: those that begin with the text come
 * first, then those with words that begin with the text's words.
 *
 * @template {{ title: string }} Titled
 * @param {readonly Titled[]} actions
 * @param {string} text
 * @returns {Titled[]}
 */
export function matching(actions, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const rank = (/** @type {string} */ title) => {
    if (!words.every((word) => title.includes(word))) return null;
    if (title.startsWith(words.join(" "))) return 0;
    const starts = title.split(/[^\p{L}\p{N}]+/u);
    return words.every((word) => starts.some((start) => start.startsWith(word))) ? 1 : 2;
  };
  return actions
    .map((action) => ({ action, rank: rank(action.title.toLowerCase()) }))
    .filter((each) => each.rank !== null)
    .sort((a, b) => Number(a.rank) - Number(b.rank)) // stable
    .map((each) => each.action);
}

/** The parameter by which Streamlit takes its theme from the address when a page is loaded; Python cannot set it. */
const THEME = "embed_options";

/** @type {readonly { title: string, option: string | null }[]} */
export const THEMES = [
  { title: "Theme: light", option: "light_theme" },
  { title: "Theme: dark", option: "dark_theme" },
  { title: "Theme: that of the system", option: null },
];

/**
 * Return the parameters of the address of a choice, as a query string. Another set has the same theme.
 *
 * @param {string} search of the current address
 * @param {Pick<Choice, "params" | "alone">} choice
 */
export function searchOf(search, { params, alone }) {
  const current = new URLSearchParams(search);
  const next = alone ? new URLSearchParams(current.getAll(THEME).map((option) => [THEME, option])) : current;
  for (const [name, value] of Object.entries(params)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return written(next);
}

/**
 * Return the parameters of the address with another theme, as a query string.
 *
 * @param {string} search of the current address
 * @param {string | null} option see THEMES
 */
export function withTheme(search, option) {
  const next = new URLSearchParams(search);
  const others = next.getAll(THEME).filter((each) => !THEMES.some((theme) => theme.option === each));
  next.delete(THEME);
  for (const each of option ? [...others, option] : others) next.append(THEME, each);
  return written(next);
}

/** @param {URLSearchParams} params */
function written(params) {
  const text = params.toString();
  return text && `?${text}`;
}

/**
 * Return the name of a control, as a screen reader says it.
 *
 * @param {HTMLElement} control
 */
export function nameOf(control) {
  const labels = control instanceof HTMLInputElement || control instanceof HTMLTextAreaElement ? control.labels : null;
  const text = control.getAttribute("aria-label") || control.dataset.title || labels?.[0]?.textContent;
  if (text) return tidy(text);
  const copy = /** @type {HTMLElement} */ (control.cloneNode(true));
  for (const icon of copy.querySelectorAll("[data-testid=stIconMaterial], svg")) icon.remove();
  return tidy(copy.textContent ?? "");
}

/** @param {string} text */
const tidy = (text) => text.replace(/\s+/g, " ").trim();

/**
 * Return what the controls of the page do that can be used now.
 *
 * @param {ParentNode} page
 * @returns {Action[]}
 */
export function controlsOf(page) {
  const actions = [];
  for (const control of /** @type {NodeListOf<HTMLElement>} */ (page.querySelectorAll(CONTROLS))) {
    if (control.closest(OTHERS) || control.matches(":disabled, [type=hidden]") || !control.checkVisibility()) continue;
    const title = nameOf(control);
    if (title) actions.push({ title, keys: "", run: () => use(control) });
  }
  return actions;
}

/**
 * Return the first action of each title.
 *
 * @param {readonly Action[]} actions
 */
export function distinct(actions) {
  const titles = new Set();
  return actions.filter(({ title }) => !titles.has(title) && titles.add(title));
}

/** @param {HTMLElement} control */
function use(control) {
  control.focus();
  if (control.matches("input:not([type=checkbox], [type=radio]), textarea")) return; // to type, or to choose by keys
  control.click();
}
