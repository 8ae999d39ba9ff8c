// @ts-check
// A grid of small images: one that is pointed at is ringed on the map, a click goes to its item, and
// arrow keys move between them. The browser fetches those that are scrolled into view.
import { addStyles, element, thumbnail } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { send } from "../shared/page.js";

/**
 * @typedef {object} Message
 * @property {{ row: number, label: string }[]} items
 * @property {string} images Address of the small images; a row number is appended.
 * @property {string} description
 */

/** @typedef {(event: { type: "click", row: number }) => void} Emit */

/**
 * Return the place that a key leads to in a grid of `count` cells; null if there is none, or the key
 * is for something else.
 *
 * @param {string} key
 * @param {number} place
 * @param {number} count
 * @param {number} columns
 */
export function cellAfter(key, place, count, columns) {
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const next = place + (step ?? 0);
  return step && next >= 0 && next < count ? next : null;
}

class ContactSheet {
  /** What is shown, to leave equal messages alone: the keyboard's focus stays where it is. */
  #shown = "";

  /** @type {Emit} */
  #emit = () => {};

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.root = element("div", {
      class: "contact-sheet", role: "group", onpointerleave: () => send("hover", null),
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
    this.root.replaceChildren(...message.items.map((item, place) => this.#cell(item, place, message.images)));
    this.root.scrollTop = 0;
  }

  /**
   * @param {Message["items"][number]} item
   * @param {number} place
   * @param {string} images
   */
  #cell({ row, label }, place, images) {
    const image = thumbnail(images, row);
    image.loading = "lazy";
    return element(
      "button",
      {
        type: "button", "data-row": row, title: label, "aria-label": label || "(no label)", tabindex: place ? -1 : 0,
        onclick: () => this.#emit({ type: "click", row }),
        onpointerenter: () => send("hover", row),
        onfocus: (/** @type {FocusEvent} */ event) => this.#focus(row, event),
        onblur: () => send("hover", null),
      },
      image,
    );
  }

  #buttons() {
    return /** @type {HTMLButtonElement[]} */ ([...this.root.children]);
  }

  /**
   * Have the Tab key lead back to the image that had the focus.
   *
   * @param {number} row
   * @param {FocusEvent} event
   */
  #focus(row, { target }) {
    for (const button of this.#buttons()) button.tabIndex = button === target ? 0 : -1;
    send("hover", row);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const buttons = this.#buttons();
    const columns = buttons.filter(({ offsetTop }) => offsetTop === buttons[0].offsetTop).length;
    const place = buttons.findIndex((button) => button === event.target);
    const next = place < 0 ? null : cellAfter(event.key, place, buttons.length, columns);
    if (next === null) return;
    event.preventDefault(); // the panel would scroll
    buttons[next].focus();
  }
}

export const update = mount((parent) => {
  const sheet = new ContactSheet(parent);
  addStyles("contact_sheet.css", import.meta.url, sheet.root);
  return sheet;
});
