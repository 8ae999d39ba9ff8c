// @ts-check
// The list of neighbors: label, bar and value in each line; a click on a label goes to that row.
import { addStyles, element, plainText, textNodes, thumbnail } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { send } from "../shared/page.js";
import { formatDecimals } from "../shared/text.js";

/**
 * @typedef {object} Item
 * @property {number} row
 * @property {string | import("../shared/dom.js").Excerpt} label
 * @property {number} value
 * @property {number} bar Length of the bar, 0 to 1.
 */

/**
 * @typedef {object} Message
 * @property {Item[]} items
 * @property {number | null} of The row whose neighbors they are; null for none.
 * @property {string | null} images Address of the small images; a row number is appended.
 * @property {string} description
 * @property {number} decimals
 */

/** @typedef {(event: { type: "click", row: number }) => void} Emit */

class NeighborList {
  /** What is shown, to leave equal messages alone: the keyboard's focus stays where it is. */
  #shown = "";

  /** @type {Emit} */
  #emit = () => {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = element("ol", {
      class: "neighbor-list", onpointerleave: () => send("hover", null),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    parent.append(this.root);
  }

  destroy() {
    send("hover", null);
    this.root.remove();
  }

  /**
   * @param {Message} message
   * @param {Emit} emit
   */
  update(message, emit) {
    this.#emit = emit;
    const text = JSON.stringify(message);
    if (text === this.#shown) return;
    this.#shown = text;
    this.root.setAttribute("aria-label", message.description);
    this.root.dataset.of = String(message.of ?? "selection");
    const hadFocus = this.root.contains(document.activeElement);
    this.root.replaceChildren(...message.items.map((item) => this.line(item, message)));
    if (hadFocus) this.root.querySelector("button")?.focus(); // else the keyboard is back at the page's top
  }

  /**
   * Arrows go through the lines.
   *
   * @param {KeyboardEvent} event
   */
  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const buttons = [...this.root.querySelectorAll("button")];
    const next = buttons[buttons.findIndex((button) => button === event.target) + step];
    if (!next) return;
    event.preventDefault(); // the panel would scroll
    next.focus();
  }

  /**
   * @param {Item} item
   * @param {Message} message
   */
  line({ row, label, value, bar }, { decimals, images }) {
    const button = element(
      "button",
      {
        type: "button", class: "neighbor-label", "data-row": row, title: plainText(label),
        onclick: () => this.#emit({ type: "click", row }),
        onpointerenter: () => send("hover", row), onfocus: () => send("hover", row),
        onblur: () => send("hover", null),
      },
      ...(images ? [thumbnail(images, row)] : []),
      ...textNodes(label || "(no label)"),
    );
    return element(
      "li", { style: `--bar: ${(100 * bar).toFixed(1)}%` }, button,
      element("span", { class: "neighbor-value" }, formatDecimals(value, decimals)),
    );
  }
}

export const update = mount((parent) => {
  const list = new NeighborList(parent);
  addStyles("neighbor_list.css", import.meta.url, list.root);
  return list;
});
