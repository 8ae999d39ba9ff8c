// @ts-check
// The search box: finds labels while one types, marks the matches on the map, selects and flies
// there. It also takes arithmetic over labels, a pasted vector, and searches all columns.
import { packBits, toBase64 } from "../shared/bits.js";
import { addStyles, element } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { fetchJson, send } from "../shared/page.js";
import { formatCount } from "../shared/text.js";

const MOST_LISTED = 8; // suggestions; the count of all matches is below them
const MOST_MARKED = 1000; // matches on the map
const MOST_OPERANDS = 8; // labels that are looked up while one types

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

/**
 * Return what a text asks for beside labels that contain it: the items nearest to a vector that is
 * pasted, or to labels added and subtracted, such as "king - man + woman"; "" for neither. The
 * server reads the text; this only tells whether to offer it.
 *
 * @param {string[]} labels in lower case
 * @param {string} text in lower case
 */
export function queryTitle(labels, text) {
  const numbers = text.replace(/^[[(]+|[\])]+$/g, "").split(/[\s,;]+/).filter(Boolean);
  if (labels.includes(text)) return "";
  if (numbers.length > 1 && numbers.every((part) => Number.isFinite(Number(part)))) {
    return `Nearest to this vector of ${formatCount(numbers.length)} numbers`;
  }
  const operands = operandsOf(text);
  if (operands.length < 2 || operands.length > MOST_OPERANDS) return "";
  return operands.every((operand) => labels.includes(operand)) ? `Nearest to ${text}` : "";
}

/**
 * Return the labels between signs that have a blank on both sides, or else between all signs.
 *
 * @param {string} text
 */
function operandsOf(text) {
  const spaced = text.replace(/^[-+\u2212]\s*/, "").split(/\s+[-+\u2212](?:\s+|(?="))/);
  const parts = spaced.length > 1 ? spaced : text.split(/[-+\u2212]/);
  return parts.map((part) => part.trim().replace(/^["\u201c](.*)["\u201d]$/, "$1").replaceAll('""', '"'));
}

/**
 * @typedef {object} Option A line of the list that can be chosen.
 * @property {string} text
 * @property {number | null} row The row of a match; null for an action.
 * @property {() => void} choose
 *
 * @typedef {{ type: "click", row: number } | { type: "selection", bits: string, name: string }
 *   | { type: "query", text: string } | { type: "search", text: string }} SearchEvent
 */

class SearchBox {
  /** @type {string | null} Address of the labels; null where they could not be loaded. */
  #url = null;

  /** @type {string[] | null} */
  #labels = null;

  /** @type {string[] | null} The labels in lower case, made at the first search. */
  #lowered = null;

  /** Whether the set has other columns, which can be searched. */
  #hasColumns = false;

  /** @type {number[]} Rows, best match first. */
  #matches = [];

  /** What the text asks for beside labels that contain it, or "". */
  #query = "";

  /** Place of the option that Enter chooses: an action before the matches, a match, or one after. */
  #active = 0;

  /** @type {Option | undefined} The option that Enter chooses. */
  chosen;

  /** @type {(event: SearchEvent) => void} */
  #emit = () => {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.input = element("input", {
      type: "search", role: "combobox", placeholder: "Search, or king - man + woman", "aria-label": "Search labels",
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
   * @param {{ labels: string, columns: boolean }} message address of the labels, and whether there
   *   are other columns
   * @param {(event: SearchEvent) => void} emit
   */
  async update({ labels: url, columns }, emit) {
    this.#emit = emit;
    this.#hasColumns = columns;
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
    this.#query = queryTitle(this.#lowered, text);
    this.#active = 0;
    send("matches", this.#matches.slice(0, MOST_MARKED));
    this.show(this.#labels);
  }

  /**
   * Return the actions before and after the matches.
   *
   * @returns {[Option[], Option[]]}
   */
  actions() {
    const text = this.input.value.trim(), count = this.#matches.length;
    /** @type {(text: string, event: () => SearchEvent) => Option} */
    const action = (title, event) => ({
      text: title, row: null,
      choose: () => {
        const emitted = event();
        this.close();
        this.#emit(emitted);
      },
    });
    const after = [];
    if (count > 1) {
      const bits = () => toBase64(packBits(this.#matches, this.#labels?.length ?? 0));
      after.push(action(`Select all ${formatCount(count)} matches`,
        () => ({ type: "selection", bits: bits(), name: `labels with “${text}”` })));
    }
    if (this.#hasColumns) {
      after.push(action(`Select in any column: ${text}`, () => ({ type: "search", text })));
    }
    return [this.#query ? [action(this.#query, () => ({ type: "query", text }))] : [], after];
  }

  /** @param {string[]} labels */
  show(labels) {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    const [before, after] = this.actions();
    const count = this.#matches.length, total = before.length + count + after.length;
    this.#active = total ? (this.#active + total) % total : 0;
    const place = this.#active - before.length; // of the match
    const first = Math.max(0, Math.min(place - (MOST_LISTED >> 1), count - MOST_LISTED));
    const matches = this.#matches.slice(first, first + MOST_LISTED).map((row) => ({
      text: labels[row] || "(no label)", row, choose: () => this.choose(row),
    }));
    const line = (/** @type {Option} */ option, /** @type {number} */ i) =>
      element(
        "li",
        {
          role: "option", id: `search-match-${i}`, "aria-selected": String(i === this.#active),
          class: option.row === null ? "search-action" : null,
          onpointerdown: (/** @type {Event} */ event) => event.preventDefault(),
          onclick: option.choose,
        },
        option.text,
      );
    const isMatch = place >= 0 && place < count;
    const at = isMatch && count > 1 ? `${formatCount(place + 1)} of ` : "";
    const marked = count > MOST_MARKED ? `, the first ${formatCount(MOST_MARKED)} marked` : "";
    const counted = count ? `${at}${formatCount(count)} ${count === 1 ? "match" : "matches"}${marked}`
      : this.#query ? "" : "No match";
    this.list.replaceChildren(
      ...before.map(line),
      ...matches.map((option, i) => line(option, before.length + first + i)),
      ...(counted ? [element("li", { class: count ? "search-count" : "search-none", role: "status" }, counted)] : []),
      ...after.map((option, i) => line(option, before.length + count + i)),
    );
    if (total) this.input.setAttribute("aria-activedescendant", `search-match-${this.#active}`);
    else this.input.removeAttribute("aria-activedescendant");
    this.chosen = before[this.#active] ?? matches[place - first] ?? after[place - count];
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.#matches.length) send("matches", []);
    send("hover", null);
    this.#matches = [];
    this.#query = "";
    this.chosen = undefined;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.key === "Escape") {
      if (this.list.hidden) send("deselect");
      this.close();
    } else if (event.key === "Enter") {
      this.chosen?.choose();
    } else if (this.#labels && this.chosen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.#active += event.key === "ArrowDown" ? 1 : -1;
      this.show(this.#labels);
      send("hover", this.chosen?.row ?? null); // ringed on the map, with its label
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
