// @ts-check
// What a person does on the map: it becomes an event for Python, or another view of the points.
import { packBits, toBase64 } from "../shared/bits.js";
import { subscribe } from "../shared/page.js";
import { fillAddedTooltip, fillTooltip } from "./overlay.js";
import { isOn, listen, modeOf } from "./pointer.js";
import { rowsInside } from "./points.js";

/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./overlay.js").Overlay} Overlay */
/** @typedef {import("./pointer.js").Mode} Mode */
/** @typedef {import("./pointer.js").Place} Place */
/** @typedef {import("./points.js").Region} Region */
/** @typedef {import("./view.js").MapView} MapView */

/**
 * @typedef {{ type: "click", row: number }
 *   | { type: "toggle", row: number }
 *   | { type: "selection", bits: string, name: string, mode: Mode }
 *   | { type: "background", position: number[] }
 *   | { type: "new_point", number: number }
 *   | { type: "hidden", codes: number[] }
 *   | { type: "pick_color", code: number, color: string }
 *   | { type: "reset_colors" }
 *   | { type: "similarity" }
 *   | { type: "clear" }} MapEvent As components/events.py decodes it.
 */

/** @typedef {{ row: number, x: number, y: number }} Pointed The row under the pointer, and where that is. */

export class Interaction {
  /** Whether a click beside all points is an event. */
  backgroundClicks = false;

  /** @type {string | null} Address of the small images of the items. */
  images = null;

  /** @type {number | null} The row that was clicked on the map, until it is the current one. */
  clicked = null;

  /** @type {Mode} What a box or a lasso does, by the keys that were held when it was begun. */
  #mode = "replace";

  /** @type {Pointed | null} */
  #pointed = null;

  /**
   * @param {object} map
   * @param {HTMLElement} map.root
   * @param {HTMLElement} map.graph
   * @param {HTMLElement} map.tooltip
   * @param {MapData} map.data
   * @param {MapView} map.view
   * @param {Overlay} map.overlay
   * @param {object} handlers
   * @param {(event: MapEvent) => void} handlers.emit
   * @param {(row: number | null) => void} handlers.pointed called with the row under the pointer
   */
  constructor({ root, graph, tooltip, data, view, overlay }, { emit, pointed }) {
    this.root = root;
    this.graph = graph;
    this.tooltip = tooltip;
    this.data = data;
    this.view = view;
    this.overlay = overlay;
    this.emit = emit;
    this.pointed = pointed;
    this.onKey = this.onKey.bind(this);
    window.addEventListener("keydown", this.onKey);
    const endPointer = listen(root, {
      pickAt: (x, y, radius) => overlay.images.at(x, y) ?? view.pick(x, y, radius),
      clicked: (row, at, event) => {
        const added = overlay.addedAt(at.x, at.y); // it is drawn above the points
        if (added !== null) this.emit({ type: "new_point", number: added });
        else this.click(row, at, event.ctrlKey || event.metaKey);
      },
      pressed: (event) => {
        this.#mode = modeOf(event);
      },
      hovered: (row, at) => {
        const added = at && overlay.addedAt(at.x, at.y);
        this.#point(row === null || !at || added !== null ? null : { row, ...at });
        if (added !== null && at) this.#showAdded(added, at);
      },
    });
    const endSubscription = subscribe({
      hover: (row) => this.hover(row),
      fly: (row) => view.fly(row),
      deselect: () => this.clear(),
      matches: (matches) => overlay.highlight({ matches }),
      command: (name) => (name === "fullscreen" ? view.toggleFullScreen() : view.fit()),
    });
    this.destroy = () => {
      window.removeEventListener("keydown", this.onKey);
      endPointer();
      endSubscription();
    };
  }

  /**
   * Escape clears what stands out; while the map has the keyboard, S colors it by similarity, F has it fill
   * the screen, and other keys move its view.
   *
   * @param {KeyboardEvent} event
   */
  onKey(event) {
    if (event.key === "Escape") {
      if (!isOn(event, "input, [role=dialog]")) this.clear();
      return;
    }
    if (event.target !== this.root) return;
    const isLetter = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (isLetter && event.key === "s") this.emit({ type: "similarity" });
    else if (isLetter && event.key === "f") this.view.toggleFullScreen();
    else if (this.view.moveByKey(event.key)) event.preventDefault();
  }

  /**
   * A click on a point goes there, or adds it to the selection. One beside all points is an event
   * where that is wanted, and otherwise clears what stands out.
   *
   * @param {number | null} row
   * @param {Place} at
   * @param {boolean} toggles whether the point is added to the selection, or taken out of it
   */
  click(row, at, toggles = false) {
    if (toggles) {
      if (row !== null) this.emit({ type: "toggle", row });
      return;
    }
    this.clicked = row;
    if (row !== null) this.emit({ type: "click", row });
    else {
      const position = this.backgroundClicks ? this.view.coordinatesAt(at.x, at.y) : null;
      if (position) this.emit({ type: "background", position });
      else this.clear();
    }
  }

  clear() {
    if (this.overlay.highlights.focus || this.data.drawable?.mask) this.emit({ type: "clear" });
  }

  /**
   * Select the visible rows within a finished box or lasso; return whether there are any.
   *
   * @param {Region} region
   */
  selectRegion(region) {
    const { scene } = this.view;
    const rows = scene ? rowsInside(region, scene.points, scene.visible) : [];
    if (rows.length) this.select(rows, region.range ? "box" : "lasso", this.#mode);
    return rows.length > 0;
  }

  /**
   * @param {ArrayLike<number> & Iterable<number>} rows
   * @param {string} name
   * @param {Mode} mode
   */
  select(rows, name, mode) {
    const count = this.data.drawable?.points.count ?? 0;
    this.emit({ type: "selection", bits: toBase64(packBits(rows, count)), name, mode });
  }

  /**
   * Highlight a row that is pointed at elsewhere, or none.
   *
   * @param {number | null} row
   */
  hover(row) {
    this.#showPointed(null);
    this.overlay.highlight({ hovered: row });
  }

  /** @param {Pointed | null} pointed */
  #point(pointed) {
    const { hovered } = this.overlay.highlights;
    this.#showPointed(pointed);
    if (hovered !== (pointed?.row ?? null)) this.overlay.highlight({ hovered: pointed?.row ?? null });
  }

  /**
   * @param {number} number of an added point
   * @param {Place} at
   */
  #showAdded(number, at) {
    this.graph.classList.add("on-point");
    fillAddedTooltip(this.tooltip, this.root, this.data.added?.labels[number] ?? "", at);
  }

  /** Show texts that have come since the pointer moved. */
  refreshTooltip() {
    this.#showPointed(this.#pointed);
  }

  /** @param {Pointed | null} pointed */
  #showPointed(pointed) {
    if (pointed?.row !== this.#pointed?.row) this.pointed(pointed?.row ?? null);
    this.#pointed = pointed;
    this.graph.classList.toggle("on-point", pointed !== null);
    fillTooltip(this.tooltip, this.root, pointed, this.data.texts, this.images);
  }
}
