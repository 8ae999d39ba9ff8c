// @ts-check
// The legend: categories with their counts. A click shows one alone (or selects a cluster's
// members), the swatch hides it, the arrow selects its members; keys do the same. With Shift, a
// click adds the members to the selection; with Alt, it takes them out. A color can be picked for
// each. The list is one stop of the tab key; arrow keys move within it.
import { element } from "../shared/dom.js";
import { formatCount } from "../shared/text.js";
import { modeOf } from "./pointer.js";

/** @typedef {import("./data.js").LoadedColors} Colors */
/** @typedef {import("./data.js").LoadedCategories} Categories */

/**
 * @typedef {object} Actions
 * @property {(hidden: Set<number>) => void} setHidden Take the categories that are not drawn.
 * @property {(code: number, mode: import("./pointer.js").Mode) => void} select Select the members of a category.
 * @property {() => void} folded The legend was folded or unfolded.
 * @property {(code: number, color: string) => void} [pick] Draw a category in another color; without it, the
 *   legend offers none.
 * @property {() => void} [reset] Draw all in the colors of the palette again.
 */

const NARROW = 500; // px of the map below which the legend is folded at first

/**
 * Show a category alone, or all of them if it is alone already.
 *
 * @param {ReadonlySet<number>} hidden
 * @param {number} code
 * @param {number} categories
 */
export function toggleAlone(hidden, code, categories) {
  if (hidden.size === categories - 1 && !hidden.has(code)) return new Set();
  const others = Array.from({ length: categories }, (_, other) => other);
  return new Set(others.filter((other) => other !== code));
}

/**
 * Hide a category, or show it again.
 *
 * @param {ReadonlySet<number>} hidden
 * @param {number} code
 */
export function toggleHidden(hidden, code) {
  const changed = new Set(hidden);
  if (!changed.delete(code)) changed.add(code);
  return changed;
}

/**
 * Fill `node` with a line for each category, where there is more than one.
 *
 * @param {HTMLElement} node
 * @param {Colors} colors
 * @param {ReadonlySet<number>} hidden categories that are not drawn
 * @param {Actions} actions
 */
export function drawLegend(node, colors, hidden, actions) {
  const palette = colors.kind === "categories" ? colors.palette : [];
  const state = () => JSON.stringify([colors.url, colors.title, palette, [...hidden], node.dataset.folded]);
  if (node.dataset.drawn === state()) return; // focus and scroll stay where they are
  const active = document.activeElement;
  const focused = active instanceof HTMLElement && node.contains(active) ? active.dataset.key : null;
  const scrolled = node.scrollTop;
  fill(node, colors, hidden, actions);
  node.dataset.drawn = state();
  node.scrollTop = scrolled;
  const button = focused && node.querySelector(`[data-key="${focused}"]`);
  if (button instanceof HTMLElement) button.focus();
}

/**
 * @param {HTMLElement} node
 * @param {Colors} colors
 * @param {ReadonlySet<number>} hidden
 * @param {Actions} actions
 */
function fill(node, colors, hidden, actions) {
  node.replaceChildren();
  node.hidden = colors.kind !== "categories" || colors.names.length < 2;
  if (node.hidden || colors.kind !== "categories") return;
  node.dataset.folded ??= String((node.parentElement?.clientWidth ?? 0) < NARROW);
  const isFolded = node.dataset.folded === "true";
  const title = element(
    "button",
    {
      class: "legend-title", type: "button", "data-key": "title", "aria-expanded": String(!isFolded),
      onclick: () => {
        node.dataset.folded = String(!isFolded);
        drawLegend(node, colors, hidden, actions);
        actions.folded();
      },
    },
    colors.title, element("span", { class: "legend-fold", "aria-hidden": "true" }, isFolded ? "+" : "–"),
  );
  node.append(title);
  if (isFolded) return;
  const list = element("ul", {}, ...colors.names.map((_, code) => line(code, colors, hidden, actions)));
  makeOneTabStop(list);
  node.append(list);
  if (hidden.size) {
    const showAll = () => actions.setHidden(new Set());
    node.append(element("button", { class: "legend-all", type: "button", onclick: showAll }, "Show all"));
  }
  if (colors.has_own && actions.reset) {
    node.append(element("button", { class: "legend-all", type: "button", onclick: actions.reset }, "Reset colors"));
  }
}

/**
 * Let the tab key stop at one button of the list, that which had the focus last; arrows go on.
 *
 * @param {HTMLElement} list
 */
function makeOneTabStop(list) {
  const lines = Array.from(list.children, ({ children }) => /** @type {HTMLElement[]} */ (Array.from(children)));
  const stopAt = (/** @type {EventTarget | null} */ button) => {
    for (const each of lines.flat()) each.tabIndex = each === button ? 0 : -1;
  };
  stopAt(lines[0][1]);
  list.addEventListener("focusin", (event) => stopAt(event.target));
  list.addEventListener("keydown", (event) => {
    const columns = lines.map((buttons) => buttons.findIndex((button) => button === event.target));
    const row = columns.findIndex((column) => column >= 0);
    const next = stepTo(lines, row, columns[row], event.key);
    if (!next) return;
    event.preventDefault(); // the list would scroll
    next.focus();
  });
}

/**
 * Return what an arrow key leads to from a place in lines, or null.
 *
 * @template Item
 * @param {Item[][]} lines
 * @param {number} row
 * @param {number} column
 * @param {string} key
 */
export function stepTo(lines, row, column, key) {
  const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[key];
  return (step && lines[row + step[0]]?.[column + step[1]]) ?? null;
}

/**
 * @param {number} code
 * @param {Categories} colors
 * @param {ReadonlySet<number>} hidden
 * @param {Actions} actions
 */
function line(code, colors, hidden, actions) {
  const name = colors.names[code];
  const isHidden = hidden.has(code);
  const hide = isHidden ? `Show ${name}` : `Hide ${name}`;
  const swatch = element("button", {
    class: "legend-swatch", type: "button", "data-key": `swatch-${code}`,
    "aria-pressed": String(!isHidden), title: hide, "aria-label": hide,
    style: `--swatch: ${colors.palette[code]}`,
    onclick: () => actions.setHidden(toggleHidden(hidden, code)),
  });
  const isSolo = colors.click === "solo";
  const entry = element(
    "button",
    {
      class: "legend-name", type: "button", "data-key": `name-${code}`,
      title: isSolo ? `Show only ${name}; with Shift, add its members to the selection`
        : `Select ${name}; with Shift, add it to the selection`,
      onclick: (/** @type {MouseEvent} */ event) => {
        const mode = modeOf(event);
        if (isSolo && mode === "replace") actions.setHidden(toggleAlone(hidden, code, colors.names.length));
        else actions.select(code, mode);
      },
    },
    element("span", { class: "legend-text" }, name),
    element("span", { class: "legend-count" }, formatCount(colors.counts[code])),
  );
  const select = element(
    "button",
    {
      class: "legend-select", type: "button", "data-key": `select-${code}`,
      title: `Select the members of ${name}; with Shift, add them`, "aria-label": `Select the members of ${name}`,
      onclick: (/** @type {MouseEvent} */ event) => actions.select(code, modeOf(event)),
    },
    "→",
  );
  return element(
    "li", { class: isHidden ? "off" : "" },
    swatch, entry, actions.pick ? picker(name, code, colors.palette[code], swatch, actions.pick) : "",
    isSolo ? select : "",
  );
}

/**
 * Return a control in which a color is picked; the swatch shows it while the person chooses.
 *
 * @param {string} name
 * @param {number} code
 * @param {string} color
 * @param {HTMLElement} swatch
 * @param {(code: number, color: string) => void} pick
 */
function picker(name, code, color, swatch, pick) {
  const title = `Color of ${name}`;
  const input = element("input", {
    class: "legend-color", type: "color", "data-key": `color-${code}`, title, "aria-label": title,
    value: color.toLowerCase(),
    oninput: () => swatch.style.setProperty("--swatch", input.value),
    onchange: () => pick(code, input.value),
  });
  return input;
}
