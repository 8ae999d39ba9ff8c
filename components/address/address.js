// @ts-check
// The browser's address: it has the view of the map and the theme in it, and keys go through its history.
import { mount } from "../shared/mount.js";
import { subscribe } from "../shared/page.js";

/**
 * Return by how many entries a key goes through the history: -1 to undo, 1 to redo, otherwise 0.
 *
 * @param {{ key: string, ctrlKey: boolean, metaKey: boolean, shiftKey: boolean, altKey: boolean }} event
 */
export function stepOf({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  if ((!ctrlKey && !metaKey) || altKey) return 0;
  const letter = key.toLowerCase();
  if (letter === "z") return shiftKey ? 1 : -1;
  return letter === "y" && !shiftKey ? 1 : 0;
}

/**
 * Return an address with the view of the map as its parameter.
 *
 * @param {string} href
 * @param {string} camera "" for the view that fits
 */
export function withCamera(href, camera) {
  const [, before, query, hash] = /** @type {RegExpExecArray} */ (/^([^?#]*)\??([^#]*)(.*)$/.exec(href));
  const others = query.split("&").filter((part) => part && !part.startsWith("camera="));
  const parts = camera ? [...others, `camera=${camera}`] : others;
  return `${before}${parts.length ? "?" : ""}${parts.join("&")}${hash}`;
}

/**
 * Return an address with parameters of a page that has been loaded, unless it has some of their name.
 *
 * @param {string} href
 * @param {readonly string[]} parameters NAME=VALUE, of one name
 */
export function withLoaded(href, parameters) {
  if (!parameters.length || href.includes(parameters[0].replace(/=.*/, "="))) return href;
  const [, before, hash] = /** @type {RegExpExecArray} */ (/^([^#]*)(.*)$/.exec(href));
  return `${before}${before.includes("?") ? "&" : "?"}${parameters.join("&")}${hash}`;
}

/** Streamlit's options that the page was loaded with, such as the theme; a link to another page drops them. */
const LOADED = (globalThis.location?.search ?? "").split(/[?&]/).filter((part) => part.startsWith("embed_options="));

class AddressBar {
  #listeners = new AbortController();

  #endSubscription = subscribe({ camera: (camera) => this.#show(camera) });

  constructor() {
    const { signal } = this.#listeners;
    window.addEventListener("keydown", (event) => this.#key(event), { signal });
  }

  /** Do nothing: Python has nothing to tell. */
  update() {}

  destroy() {
    this.#listeners.abort();
    this.#endSubscription();
  }

  /**
   * Write the view of the map, and the theme, into the address, which is not a step of the history.
   *
   * @param {string} camera
   */
  #show(camera) {
    const href = withCamera(withLoaded(location.href, LOADED), camera);
    if (href !== location.href) history.replaceState(history.state, "", href);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const step = stepOf(event);
    const { target } = event;
    const isTyping = target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea"));
    if (step === 0 || isTyping) return;
    event.preventDefault();
    history.go(step);
  }
}

export const update = mount(() => new AddressBar());
