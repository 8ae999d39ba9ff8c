// @ts-check
// The search box: finds labels while one types, marks the matches on the map, selects and flies
// there.
import { addStyles, element } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { fetchJson, send } from "../shared/page.js";
import { formatCount } from "../shared/text.js";

const MOST_LISTED = 8; // suggestions; the count of all matches is below them
const MOST_MARKED = 1000; // matches on the map

/**
 * Return the rows whose label contains a text: labels that equal it, then those that begin with it,
 * then those in which a word begins with it, then the others; in row order within each.
 *
 * @param {string[]} labels in lower case
 * @param {string} text in lower case
 * @returns {number[]}
 */
export function rankedMatches(labels, text) {
  /** @type {number[][]} */
  const tiers = [[], [], [], []];
  for (let row = 0; row < labels.length; row++) {
    const at = labels[row].indexOf(text);
    if (at < 0) continue;
    if (at === 0) tiers[labels[row].length === text.length ? 0 : 1].push(row);
    else tiers[/[^\p{L}\p{N}]/u.test(labels[row][at - 1]) ? 2 : 3].push(row);
  }
  return tiers.flat();
}

class SearchBox {
  /** @type {string | null} Address of the labels; null where they could not be loaded. */
  #url = null;

  /** @type {string[] | null} */
  #labels = null;

  /** @type {string[] | null} The labels in lower case, made at the first search. */
  #lowered = null;

  /** @type {number[]} Rows, best match first. */
  #matches = [];

  /** Place among the listed matches that Enter chooses. */
  #active = 0;

  /** @type {(event: { type: "click", row: number }) => void} */
  #emit = () => {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.input = element("input", {
      type: "search", placeholder: "Search labels", "aria-label": "Search labels", role: "combobox",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "search-matches",
      autocomplete: "off", spellcheck: "false",
      oninput: () => this.find(), onfocus: () => this.find(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.key(event),
    });
    this.list = element("ul", { id: "search-matches", class: "search-matches", role: "listbox", hidden: true });
    this.root = element("div", { class: "search-box" }, this.input, this.list);
    this.root.addEventListener("focusout", (event) => {
      if (!this.root.contains(/** @type {Node | null} */ (event.relatedTarget))) this.close();
    });
    parent.append(this.root);
  }

  destroy() {
    send("matches", []);
    this.root.remove();
  }

  /**
   * @param {{ labels: string }} message address of the labels
   * @param {(event: { type: "click", row: number }) => void} emit
   */
  async update({ labels: url }, emit) {
    this.#emit = emit;
    if (url === this.#url) return;
    this.#url = url;
    this.#labels = this.#lowered = null;
    this.input.value = "";
    this.close();
    try {
      const labels = await fetchJson(url);
      if (this.#url === url) this.#labels = labels;
    } catch (error) {
      this.#url = null; // tried again with the next message
      this.input.placeholder = "The labels could not be loaded";
      reportError(error);
    }
  }

  find() {
    if (!this.#labels) return;
    const text = this.input.value.trim().toLowerCase();
    if (!text) {
      this.close();
      return;
    }
    this.#lowered ??= this.#labels.map((label) => label.toLowerCase());
    this.#matches = rankedMatches(this.#lowered, text);
    this.#active = 0;
    send("matches", this.#matches.slice(0, MOST_MARKED));
    this.show(this.#labels);
  }

  /** @param {string[]} labels */
  show(labels) {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const count = this.#matches.length;
    if (!count) {
      this.list.replaceChildren(element("li", { class: "search-none", role: "status" }, "No match"));
      return;
    }
    const options = this.#matches.slice(0, MOST_LISTED).map((row, i) =>
      element(
        "li",
        {
          role: "option", id: `search-match-${i}`, "aria-selected": String(i === this.#active),
          onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
          onclick: () => this.choose(row),
        },
        labels[row] || "(no label)",
      ),
    );
    const marked = count > MOST_MARKED ? `, the first ${formatCount(MOST_MARKED)} marked` : "";
    const total = `${formatCount(count)} ${count === 1 ? "match" : "matches"}${marked}`;
    this.list.replaceChildren(...options, element("li", { class: "search-count", role: "status" }, total));
    this.input.setAttribute("aria-activedescendant", `search-match-${this.#active}`);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.#matches.length) send("matches", []);
    this.#matches = [];
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const listed = Math.min(MOST_LISTED, this.#matches.length);
    if (event.key === "Escape") {
      if (this.list.hidden) send("deselect");
      this.close();
    } else if (event.key === "Enter" && listed) {
      this.choose(this.#matches[this.#active]);
    } else if (this.#labels && listed && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.#active = (this.#active + (event.key === "ArrowDown" ? 1 : listed - 1)) % listed;
      this.show(this.#labels);
    }
  }

  /** @param {number} row */
  choose(row) {
    this.input.value = this.#labels?.[row] ?? "";
    this.close();
    send("fly", row);
    this.#emit({ type: "click", row });
  }
}

export const update = mount((parent) => {
  addStyles("search.css", import.meta.url);
  return new SearchBox(parent);
});
