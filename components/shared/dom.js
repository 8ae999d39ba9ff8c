// @ts-check
// Elements of the page: text is always set as text, never parsed as HTML.

/**
 * Return a new element. An attribute `onNAME` is a listener; `true` sets an attribute without a
 * value; `false`, null and undefined leave it out.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

/**
 * @typedef {{ before: string, word: string, after: string }} Excerpt A word among those around it.
 */

/**
 * Return the nodes of a text; an excerpt's word is marked.
 *
 * @param {string | Excerpt} text
 * @returns {(Node | string)[]}
 */
export function textNodes(text) {
  if (typeof text === "string") return [text];
  return text.word ? [text.before, element("mark", {}, text.word), text.after] : [plainText(text)];
}

/** @param {string | Excerpt} text */
export function plainText(text) {
  return typeof text === "string" ? text : text.before + text.word + text.after;
}

/**
 * Add a style sheet to the page, once.
 *
 * @param {string} name file of the sheet
 * @param {string} moduleUrl `import.meta.url` of the module that it is beside
 * @param {HTMLElement} [root] not shown before the sheet has come
 */
export function addStyles(name, moduleUrl, root) {
  const { href } = new URL(name, moduleUrl);
  const known = /** @type {HTMLLinkElement | null} */ (document.querySelector(`link[href="${href}"]`));
  const link = known ?? element("link", { rel: "stylesheet", href });
  if (!known) document.head.append(link);
  if (!root || link.sheet) return;
  root.style.visibility = "hidden";
  const show = () => (root.style.visibility = "");
  link.addEventListener("load", show);
  link.addEventListener("error", show);
}

/**
 * Return the small image of a row; one that is not there takes no room.
 *
 * @param {string} images address, to which the row number is appended
 * @param {number} row
 */
export function thumbnail(images, row) {
  const src = new URL(`${images}${row}`, document.baseURI).href;
  return element("img", {
    class: "thumbnail", alt: "", src, decoding: "async",
    onerror: (/** @type {Event} */ { target }) => /** @type {HTMLElement} */ (target).remove(),
  });
}
