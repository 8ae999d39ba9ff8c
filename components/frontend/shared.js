// What the components on one page share: fetched data by address, and a channel between them.

/** Carries "hover" (row or null), "fly" (row), "hits" (rows) and "letgo" between map, search, lists. */
export const channel = new EventTarget();

export function send(name, detail) {
  channel.dispatchEvent(new CustomEvent(name, { detail }));
}

const fetched = new Map(); // address -> promise; addresses are content hashes, so never stale
const KEEP = 24;

function once(url, read) {
  if (!fetched.has(url)) {
    const promise = fetch(new URL(url, document.baseURI)).then((response) => {
      if (!response.ok) throw new Error(`${url}: ${response.status} ${response.statusText}`);
      return read(response);
    });
    promise.catch(() => fetched.delete(url)); // a failed download is tried again next time
    fetched.set(url, promise);
    for (const old of fetched.keys()) {
      if (fetched.size <= KEEP) break;
      fetched.delete(old);
    }
  }
  return fetched.get(url);
}

export const fetchFloats = (url) =>
  once(url, async (response) => new Float32Array(await response.arrayBuffer()));
export const fetchBytes = (url) =>
  once(url, async (response) => new Uint8Array(await response.arrayBuffer()));
export const fetchJson = (url) => once(url, (response) => response.json());

/** Element with attributes and children; text is always set as text, never parsed as HTML. */
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

/** A text's nodes; what stands between ⟦ and ⟧, the word that a sentence is shown for, is marked. */
export function withMarks(text) {
  return text.split(/⟦(.*?)⟧/).map((part, i) => (i % 2 ? element("mark", {}, part) : part));
}

/** Add the style sheet that lies beside these modules to the page, once. */
export function addStyles() {
  const href = new URL("style.css", import.meta.url).href;
  if (!document.querySelector(`link[href="${href}"]`)) {
    document.head.append(element("link", { rel: "stylesheet", href }));
  }
}

/** Colors of Streamlit's current theme, as they are set on the component's element. */
export function theme(node) {
  const style = getComputedStyle(node);
  const read = (name, fallback) => style.getPropertyValue(name).trim() || fallback;
  return {
    background: read("--st-background-color", "#ffffff"),
    text: read("--st-text-color", "#1c2430"),
    accent: read("--st-primary-color", "#0b6bcb"),
    font: read("--st-font", "sans-serif"),
  };
}

export const format = (number) => number.toLocaleString("en-US");

/** One task after another; an error is shown by `fail` and does not stop the next. */
export function queue(fail) {
  let last = Promise.resolve();
  return (task) => (last = last.then(task).catch(fail));
}
