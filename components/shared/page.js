// @ts-check
// What the components of one page share: fetched files, and a channel for messages between them.

/**
 * Carries "hover" (a row or null), "fly" (a row), "matches" (rows that a search found), "deselect",
 * "camera" (the map's view as text), "map" (a function that the map calls with itself), "command"
 * (what the map is to do, "fit" or "fullscreen") and "event" (the type of what goes to Python, or "keys" when
 * these are shown) between the map, the search box, the lists, the address, the export of figures, the command
 * palette and the hints.
 */
const channel = new EventTarget();

/**
 * @param {"hover" | "fly" | "matches" | "deselect" | "camera" | "map" | "command" | "event"} name
 * @param {unknown} [detail]
 */
export function send(name, detail) {
  channel.dispatchEvent(new CustomEvent(name, { detail }));
}

/**
 * Call a handler with what is sent under its name; return the function that ends this.
 *
 * @param {Record<string, (detail: any) => void>} handlers
 */
export function subscribe(handlers) {
  const listeners = Object.entries(handlers).map(([name, handler]) => {
    const listener = (/** @type {Event} */ event) => handler(/** @type {CustomEvent} */ (event).detail);
    channel.addEventListener(name, listener);
    return { name, listener };
  });
  return () => {
    for (const { name, listener } of listeners) channel.removeEventListener(name, listener);
  };
}

const MOST_FETCHED = 24;

/** @type {Map<string, Promise<any>>} By address, a hash of the content: never stale. */
const fetched = new Map();

/**
 * @template Content
 * @param {string} url
 * @param {(response: Response) => Promise<Content>} read
 * @returns {Promise<Content>}
 */
function fetchOnce(url, read) {
  const known = fetched.get(url);
  if (known) return known;
  const promise = fetch(new URL(url, document.baseURI)).then((response) => {
    if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
    return read(response);
  });
  promise.catch(() => fetched.delete(url)); // a failed download is tried again next time
  fetched.set(url, promise);
  for (const oldest of fetched.keys()) {
    if (fetched.size <= MOST_FETCHED) break;
    fetched.delete(oldest);
  }
  return promise;
}

/** @param {string} url */
export const fetchFloats = (url) =>
  fetchOnce(url, async (response) => new Float32Array(await response.arrayBuffer()));

/** @param {string} url */
export const fetchBytes = (url) =>
  fetchOnce(url, async (response) => new Uint8Array(await response.arrayBuffer()));

/** @param {string} url */
export const fetchJson = (url) => fetchOnce(url, (response) => response.json());
