// @ts-check
// The page of an exported HTML file: the map's points on a canvas, with hovering, legend and search.
import { drawAdded } from "../map/added.js";
import { drawAxes, drawDot, drawLabel, drawLine, drawRing, emptied } from "../map/canvas.js";
import { centralPoints } from "../map/central.js";
import { densityContours } from "../map/density.js";
import { drawDensityFrom } from "../map/density_layer.js";
import { drawLegend } from "../map/legend.js";
import { drawNames } from "../map/names.js";
import { drawFocus } from "../map/focus.js";
import { fillTooltip, MATCH_COLOR } from "../map/overlay.js";
import { groupRows } from "../map/points.js";
import { drawPointLabels } from "../map/point_labels.js";
import { gridColors } from "../map/traces.js";
import { GREY } from "../shared/colors.js";
import { element } from "../shared/dom.js";
import { formatCount } from "../shared/text.js";
import { standingOut } from "../map/scene.js";
import { gridOf } from "./box.js";
import { orbitView, planeView } from "./viewer_camera.js";
import { listen } from "./viewer_input.js";
import { fromBase64, scaleElement, search } from "./viewer_parts.js";

/** @typedef {import("../map/canvas.js").Place} Place */

/**
 * @typedef {object} Page What the file holds; arrays of numbers are in base64.
 * @property {string} title
 * @property {string} details
 * @property {import("../shared/colors.js").Theme} theme
 * @property {2 | 3} dims
 * @property {string[]} axes Display coordinates, float32: x, y (and z).
 * @property {string} codes The color of each point, uint8.
 * @property {string[]} palette
 * @property {"ascending" | "descending" | null} order By code; null for that of the points.
 * @property {{ title: string, names: string[], counts: number[] } | null} legend
 * @property {import("./key.js").Scale | null} scale
 * @property {number[]} hidden Categories that are hidden at first.
 * @property {string | null} mask For each point 1 if it stands out, uint8; null where all do.
 * @property {{ size: number, opacity: number, muted: number, diameters: string | null }} style `diameters`: the factor
 *   of each point's diameter, float32; null where all have one size.
 * @property {string[]} labels
 * @property {import("../map/data.js").HoverColumn[]} columns
 * @property {import("../map/focus.js").Focus | null} focus
 * @property {import("../map/names.js").GroupName[]} names
 * @property {import("../map/point_labels.js").LabelMode} pointLabels How many central points are labeled.
 * @property {import("../map/density_layer.js").DensityMode} density How the density is drawn.
 * @property {{ axes: number[][], labels: string[] } | null} added Display coordinates of each point that is no row of
 *   the set.
 * @property {[string, string][]} ends What is at the ends of each axis.
 * @property {number} half Coordinates of the layout in one of the display.
 * @property {number[]} extent See Points.
 * @property {number} reach See Points.
 * @property {import("./viewer_camera.js").Seen} view
 * @property {Pick<import("../shared/plotly_types.d.ts").SceneAxes, "bounds" | "ticks"> | null} box In 3D, in
 *   display coordinates.
 */

const MOST_MOVING = 40_000; // points that are painted while the view moves
const STILL = 120; // ms without movement after which all points are painted

export class Viewer {
  /** @type {import("../map/central.js").CentralPoint[]} */
  central = [];

  /** @type {import("../map/contours.js").Ring[][]} */
  contours = [];

  /** @type {number[]} */
  matches = [];

  /** @type {number | null} */
  hovered = null;

  #match = -1; // the match that was flown to last
  #frame = 0;
  #timer = 0;
  #isMoving = false;

  /**
   * @param {HTMLElement} parent
   * @param {Page} page
   */
  constructor(parent, page) {
    this.page = page;
    this.axes = page.axes.map((axis) => new Float32Array(fromBase64(axis).buffer));
    this.codes = fromBase64(page.codes);
    this.mask = page.mask === null ? null : fromBase64(page.mask);
    const { diameters } = page.style;
    this.diameters = diameters === null ? null : new Float32Array(fromBase64(diameters).buffer);
    this.hidden = new Set(page.hidden);
    this.visible = new Uint8Array(this.codes.length);
    this.rows = Uint32Array.from(this.codes.keys());
    this.groups = groupRows(this.codes, page.palette.length);
    this.points = element("canvas", { class: "map-plain" });
    this.canvas = element("canvas", { class: "map-overlay", "aria-hidden": "true" });
    this.legend = element("div", { class: "map-legend", role: "group", "aria-label": "Legend", hidden: true });
    this.card = element("div", { class: "map-tooltip", hidden: true });
    this.root = element(
      "div",
      {
        class: `embedding-map${page.focus ? " focused" : ""}`, role: "group", tabindex: "0",
        "aria-label": `Map of ${page.details}`,
      },
      this.points, this.canvas, this.legend, this.card,
    );
    this.status = element("span", { role: "status" });
    const box = element("input", {
      type: "search", placeholder: "Search", "aria-label": "Search", oninput: () => this.search(box.value),
      onkeydown: (/** @type {KeyboardEvent} */ { key }) => key === "Enter" && this.flyToNext(),
    });
    parent.append(
      element("header", {}, element("h1", {}, page.title), element("p", {}, page.details), box, this.status),
      this.root,
    );
    if (page.scale) this.root.append(scaleElement(page.scale));
    const room = () => this.room();
    const { view } = page;
    this.view = view.dims === 2 ? planeView(view, this.axes, room) : orbitView(view, this.axes, room);
    listen(this);
    this.show();
    Object.assign(this.root, { viewer: this }); // for the console and the tests
    new ResizeObserver(() => this.redraw()).observe(this.root);
  }

  /** Return the room for the points, in px; the legend takes some where there is enough. */
  room() {
    const { clientWidth: width, clientHeight: height } = this.root;
    const isBeside = !this.legend.hidden && this.legend.dataset.folded === "false" && width > 600;
    return { left: isBeside ? this.legend.offsetLeft + this.legend.offsetWidth + 4 : 0, width, height };
  }

  /** Show what is not hidden. */
  show() {
    const { page, hidden } = this;
    if (page.legend) {
      const colors = {
        ...page.legend, kind: /** @type {const} */ ("categories"), url: null, palette: page.palette,
        codes: this.codes, click: /** @type {const} */ ("solo"),
      };
      const change = (/** @type {Set<number>} */ now) => {
        this.hidden = now;
        this.show();
      };
      drawLegend(this.legend, colors, hidden, { setHidden: change, select: () => {}, folded: () => this.show() });
    }
    let count = 0;
    this.codes.forEach((code, row) => {
      this.visible[row] = page.legend && hidden.has(code) ? 0 : 1;
      count += this.visible[row];
    });
    this.root.dataset.points = String(count);
    const shown = standingOut({ visible: this.visible, drawable: { mask: this.mask } });
    const points = { ...page, axes: this.axes };
    this.central = page.pointLabels === "none" ? [] : centralPoints(points, shown);
    this.contours = page.density === "none" || page.dims === 3 ? [] : densityContours(points, shown);
    this.redraw();
  }

  /** Paint in the next frame. */
  redraw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = requestAnimationFrame(() => {
      this.view.refresh();
      this.paintPoints();
      this.paintMarks();
    });
  }

  /** Paint fewer points until the view is still. */
  move() {
    this.#isMoving = true;
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      this.#isMoving = false;
      this.redraw();
    }, STILL);
    this.redraw();
  }

  paintPoints() {
    const { page: { style, palette, order, density, theme }, mask, diameters } = this;
    const context = emptied(this.points);
    const { left, width, height } = this.room();
    this.paintBox(context);
    drawDensityFrom(context, this.view, this.contours, density, theme, left);
    const step = this.#isMoving ? Math.ceil(this.codes.length / MOST_MOVING) : 1;
    const paint = (/** @type {Uint32Array} */ rows, /** @type {number} */ drawn, hasColors = false) => {
      for (let i = 0; i < rows.length; i += step) {
        const row = rows[i];
        if (hasColors) context.fillStyle = palette[this.codes[row]];
        if (!this.visible[row] || (mask && mask[row] !== drawn)) continue;
        const at = this.view.project(row);
        if (!at || at.x < left || at.x > width || at.y < 0 || at.y > height) continue;
        context.beginPath();
        context.arc(at.x, at.y, (style.size * (diameters?.[row] ?? 1)) / 2, 0, 2 * Math.PI);
        context.fill();
      }
    };
    if (mask) {
      context.globalAlpha = style.muted;
      context.fillStyle = GREY;
      this.groups.forEach((rows) => paint(rows, 0));
    }
    context.globalAlpha = style.opacity;
    if (order === null) paint(this.rows, 1, true);
    for (let i = 0; order !== null && i < palette.length; i++) {
      const code = order === "ascending" ? i : palette.length - 1 - i;
      context.fillStyle = palette[code];
      paint(this.groups[code], 1);
    }
  }

  /** @param {CanvasRenderingContext2D} context */
  paintBox(context) {
    const { page: { box, theme }, view } = this;
    if (!box) return;
    context.globalAlpha = 0.5; // as pale as lines of half a pixel on the map
    for (const line of gridOf(box, view.far())) {
      const [from, to] = line.map(([x, y, z]) => view.at(x, y, z));
      if (from && to) drawLine(context, from, to, gridColors(theme).grid);
    }
    context.globalAlpha = 1;
  }

  paintMarks() {
    const { page: { theme, names, focus, added, labels, ends, half, scale, legend, pointLabels: mode }, view } = this;
    const { axes, central, hovered } = this;
    const context = emptied(this.canvas);
    const { left } = this.room();
    /** @type {import("../map/canvas.js").Box[]} */
    const taken = [];
    if (ends.length === 2) drawAxes(context, /** @type {any} */ (ends), left, theme);
    const [from, to] = [view.place(0, 0), view.place(1, 0)];
    const unit = from && to ? (to.x - from.x) / half : 0;
    const isColored = scale && !legend; // as on the map: no names above similarities
    if (!focus && !isColored) {
      const named = drawNames(context, view, names, { hidden: this.hidden, unit, left, theme });
      drawPointLabels(context, view, axes, central, labels, { mode, left, taken: named, theme });
    }
    for (const row of this.matches) drawDot(context, view.project(row), 4, MATCH_COLOR, theme.background);
    if (focus) drawFocus(context, view, focus, null, labels, theme, taken);
    const rings = added?.axes.map(([x, y, z]) => view.at(x, y, z ?? 0));
    if (added && rings) drawAdded(context, rings, added.labels, theme, taken);
    const at = hovered === null ? null : view.project(hovered);
    if (!at || hovered === null) return;
    drawRing(context, at, 7, 1.5, theme.text);
    drawLabel(context, at, labels[hovered], theme, taken, { strong: true });
  }

  /**
   * @param {number | null} row
   * @param {Place | null} at
   */
  hover(row, at) {
    if (row === null && this.hovered === null) return;
    this.hovered = row;
    const pointed = row === null || !at ? null : { row, ...at };
    fillTooltip(this.card, this.root, pointed, this.page, null);
    this.redraw();
  }

  /** @param {string} text */
  search(text) {
    this.matches = search(text, this.page).filter((row) => this.visible[row]);
    this.#match = -1;
    this.status.textContent = text.trim() ? `${formatCount(this.matches.length)} found` : "";
    this.redraw();
  }

  flyToNext() {
    if (!this.matches.length) return;
    this.#match = (this.#match + 1) % this.matches.length;
    this.view.center(this.matches[this.#match]);
    this.hovered = this.matches[this.#match];
    this.redraw();
  }
}

/** Show the page that the file holds. */
export function start() {
  const data = document.getElementById("data");
  return new Viewer(document.body, JSON.parse(data?.textContent ?? ""));
}
