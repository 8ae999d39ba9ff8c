// @ts-check
// Hints for a person who is new: each goes away for good once it is followed, or when all are dismissed.
import { addStyles, element } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { subscribe } from "../shared/page.js";

/**
 * @typedef {object} Hint
 * @property {string[]} events What follows it; the first one is its name.
 * @property {string} text
 */

const STORED_AS = "embedding-explorer hints";

/** @type {Set<string>} Names of the hints that were followed or dismissed. */
const followed = new Set(read());

/** @type {Set<Hints>} Those on the page. */
const mounted = new Set();

class Hints {
  /** @type {readonly Hint[]} */
  #hints = [];

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.list = element("ul");
    const dismiss = () => follow(this.#hints.map((hint) => hint.events[0]));
    this.root = element(
      "div", { class: "hints", role: "note", "aria-label": "Hints", hidden: true },
      this.list, element("button", { type: "button", onclick: dismiss }, "Got it"),
    );
    parent.append(this.root);
    mounted.add(this);
  }

  destroy() {
    mounted.delete(this);
    this.root.remove();
  }

  /** @param {{ hints: Hint[] }} message */
  update({ hints }) {
    this.#hints = hints;
    this.draw();
  }

  draw() {
    const left = remaining(this.#hints, followed);
    this.root.hidden = !left.length;
    this.list.replaceChildren(...left.map((hint) => element("li", {}, hint.text)));
  }
}

/**
 * Return the hints that were neither followed nor dismissed.
 *
 * @param {readonly Hint[]} hints
 * @param {ReadonlySet<string>} names of those that were
 */
export const remaining = (hints, names) => hints.filter((hint) => !hint.events.some((event) => names.has(event)));

/**
 * Record what was done, in this browser, and drop the hints to do it.
 *
 * @param {readonly string[]} events
 */
function follow(events) {
  const count = followed.size;
  for (const event of events) followed.add(event);
  if (followed.size === count) return;
  try {
    localStorage.setItem(STORED_AS, JSON.stringify([...followed]));
  } catch (error) {
    console.info("The browser stores nothing, so hints will come again:", error);
  }
  for (const each of mounted) each.draw();
}

/** @returns {string[]} */
function read() {
  try {
    const names = JSON.parse(localStorage.getItem(STORED_AS) ?? "[]");
    return Array.isArray(names) ? names : [];
  } catch {
    return []; // the browser stores nothing, or another program stored something else
  }
}

subscribe({ event: (type) => follow([type]) }); // also while there are no hints on the page

export const update = mount((parent) => {
  addStyles("hints.css", import.meta.url);
  return new Hints(parent);
});
