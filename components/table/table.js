// @ts-check
// A page of a table of items: headers sort it, a click on a row goes to the item, arrow keys move
// between the rows. The focus stays where it is when another page or order arrives.
import { addStyles, element, plainText, textNodes, thumbnail } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { send } from "../shared/page.js";

/** @typedef {"ascending" | "descending"} Direction */

/**
 * @typedef {object} Column
 * @property {string} name What the table is sorted by.
 * @property {string} title
 * @property {Direction | null} first The direction of the first click; null if it cannot be sorted.
 * @property {boolean} is_number
 * @property {string | null} images Address of the small images that its cells are; null for text.
 */

/** @typedef {string | import("../shared/dom.js").Excerpt | null} Cell */

/** @typedef {{ row: number, cells: Cell[] }} Row */

/** @typedef {{ column: string, direction: Direction }} Sorting An empty name is the order of the rows. */

/**
 * @typedef {object} Message
 * @property {Column[]} columns The first names the rows.
 * @property {Row[]} rows
 * @property {Sorting} sort
 * @property {number | null} current The current item.
 * @property {number} start Place of the first row among all, from 0.
 * @property {number} total Rows of the whole table.
 * @property {string | null} images Address of the small images beside the first cell.
 * @property {string} description
 */

/**
 * @typedef {{ type: "click", row: number } | { type: "sort", column: string, descending: boolean }} TableEvent
 */

const ARROWS = { ascending: "↑", descending: "↓" };

/**
 * Return how a click on a header sorts: first one way, then the other, then not at all.
 *
 * @param {Sorting} sort
 * @param {{ name: string, first: Direction | null }} column
 * @returns {Sorting}
 */
export function nextSort(sort, { name, first }) {
  if (sort.column !== name) return { column: name, direction: first ?? "ascending" };
  if (sort.direction !== first) return { column: "", direction: "ascending" };
  return { column: name, direction: first === "ascending" ? "descending" : "ascending" };
}

/**
 * Return the place that a key leads to among `count` rows; null if the key is for something else.
 *
 * @param {string} key
 * @param {number} place
 * @param {number} count
 */
export function placeAfter(key, place, count) {
  const last = count - 1;
  switch (key) {
    case "ArrowDown": return Math.min(place + 1, last);
    case "ArrowUp": return Math.max(place - 1, 0);
    case "Home": return 0;
    case "End": return last;
    default: return null;
  }
}

class Table {
  /** @type {Message | null} */
  #shown = null;

  /** @type {(event: TableEvent) => void} */
  #emit = () => {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.head = element("tr");
    this.body = element("tbody", {
      onclick: (/** @type {MouseEvent} */ event) => this.#click(event),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#press(event),
      onpointerover: (/** @type {Event} */ event) => send("hover", rowAt(event)),
      onfocusin: (/** @type {Event} */ event) => this.#focus(event),
      onfocusout: () => send("hover", null),
    });
    this.table = element("table", {}, element("thead", {}, this.head), this.body);
    this.root = element(
      "div", { class: "embedding-table", onpointerleave: () => send("hover", null) }, this.table,
    );
    parent.append(this.root);
  }

  destroy() {
    send("hover", null);
    this.root.remove();
  }

  /**
   * @param {Message} message
   * @param {(event: TableEvent) => void} emit
   */
  update(message, emit) {
    this.#emit = emit;
    const before = this.#shown;
    this.#shown = message;
    const differs = (/** @type {(from: Message) => unknown} */ part) =>
      !before || JSON.stringify(part(before)) !== JSON.stringify(part(message));
    this.table.setAttribute("aria-label", message.description);
    this.table.setAttribute("aria-rowcount", String(message.total + 1)); // the header is a row
    if (differs(({ columns, sort }) => [columns, sort])) this.#drawHead(message);
    if (differs(({ columns, rows, images, start }) => [columns, rows, images, start])) this.#drawBody(message);
    if (differs(({ start, sort, total }) => [start, sort, total])) this.root.scrollTop = 0;
    for (const line of this.body.rows) {
      if (Number(line.dataset.row) === message.current) line.setAttribute("aria-current", "true");
      else line.removeAttribute("aria-current");
    }
  }

  /** @param {Message} message */
  #drawHead({ columns, sort }) {
    const focused = this.head.contains(document.activeElement)
      ? /** @type {HTMLElement} */ (document.activeElement).dataset.column : undefined;
    this.head.replaceChildren(...columns.map((column) => this.#header(column, sort)));
    const buttons = [...this.head.querySelectorAll("button")];
    if (focused !== undefined) buttons.find((button) => button.dataset.column === focused)?.focus();
  }

  /**
   * @param {Column} column
   * @param {Sorting} sort
   */
  #header(column, sort) {
    const direction = column.first && sort.column === column.name ? sort.direction : "none";
    const title = element("span", { class: "table-title" }, column.title);
    const content = column.first
      ? element(
        "button",
        {
          type: "button", "data-column": column.name, title: column.title,
          onclick: () => this.#sort(column),
        },
        title,
        ...(direction === "none" ? [] : [element("span", { "aria-hidden": "true" }, ARROWS[direction])]),
      )
      : title;
    return element(
      "th",
      { scope: "col", class: column.is_number && "number", "aria-sort": column.first && direction },
      content,
    );
  }

  /** @param {Message} message */
  #drawBody(message) {
    const active = /** @type {HTMLElement | null} */ (document.activeElement);
    const focused = this.body.contains(active) ? active?.closest("tr")?.dataset.row : undefined;
    this.body.replaceChildren(...message.rows.map((row, place) => this.#line(row, place, message)));
    this.#makeReachable(this.#place(Number(focused ?? message.current ?? -1)));
    if (focused !== undefined) this.#buttons().find((button) => button.tabIndex === 0)?.focus({ preventScroll: true });
  }

  /**
   * @param {Row} row
   * @param {number} place
   * @param {Message} message
   */
  #line({ row, cells }, place, { columns, images, start }) {
    const [name, ...others] = cells;
    const label = element(
      "button", { type: "button", class: "table-label", tabindex: -1, title: plainText(name ?? "") },
      ...(images ? [thumbnail(images, row)] : []),
      ...textNodes(name || "(no label)"),
    );
    const rest = others.map((cell, i) => {
      const { images: small, is_number: isNumber } = columns[i + 1];
      if (small) return element("td", {}, thumbnail(small, row));
      const text = plainText(cell ?? "");
      return element("td", { title: text, class: isNumber && "number" }, text);
    });
    return element(
      "tr", { "data-row": row, "aria-rowindex": start + place + 2 },
      element("th", { scope: "row" }, label), ...rest,
    );
  }

  #buttons() {
    return /** @type {HTMLButtonElement[]} */ ([...this.body.querySelectorAll("button")]);
  }

  /** @param {number} row */
  #place(row) {
    return Math.max(0, [...this.body.rows].findIndex((line) => Number(line.dataset.row) === row));
  }

  /**
   * Have the Tab key lead to one row; arrow keys lead on.
   *
   * @param {number} place
   */
  #makeReachable(place) {
    this.#buttons().forEach((button, i) => (button.tabIndex = i === place ? 0 : -1));
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = rowAt(event);
    const isOnLabel = /** @type {Element} */ (event.target).closest("button");
    const isCopying = !isOnLabel && getSelection()?.isCollapsed === false; // text of a cell
    if (row !== null && !isCopying) this.#emit({ type: "click", row });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const buttons = this.#buttons();
    const place = buttons.findIndex((button) => button === event.target);
    const next = place < 0 ? null : placeAfter(event.key, place, buttons.length);
    if (next === null || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    buttons[next].focus();
  }

  /** @param {Event} event */
  #focus(event) {
    const row = rowAt(event);
    if (row !== null) this.#makeReachable(this.#place(row));
    send("hover", row);
  }

  /** @param {Column} column */
  #sort(column) {
    if (!this.#shown) return;
    const { column: name, direction } = nextSort(this.#shown.sort, column);
    this.#emit({ type: "sort", column: name, descending: direction === "descending" });
  }
}

/**
 * Return the number of the row that an event is in.
 *
 * @param {Event} event
 */
function rowAt(event) {
  const line = /** @type {Element} */ (event.target).closest("tr");
  return line?.dataset.row === undefined ? null : Number(line.dataset.row);
}

export const update = mount((parent) => {
  const table = new Table(parent);
  addStyles("table.css", import.meta.url, table.root);
  return table;
});
