// @ts-check
// What is drawn above the points: images, the focus, its neighbors and their labels, search matches,
// names of groups, labels of central points, and the card beside the pointer.
import { element, textNodes, thumbnail } from "../shared/dom.js";
import { drawAdded, pickAdded, placesOf } from "./added.js";
import { drawAxes, drawCross, drawDot, drawLabel, drawRing, emptied } from "./canvas.js";
import { centralPoints } from "./central.js";
import { DensityLayer } from "./density_layer.js";
import { boxOf, drawFocus, drawFrame, gapOf, isBeside } from "./focus.js";
import { BUTTONS } from "./image_places.js";
import { MapImages, pointColors } from "./images.js";
import { drawNames } from "./names.js";
import { drawPointLabels } from "./point_labels.js";
import { perScene, standingOut } from "./scene.js";
import { paintLevels, shades } from "./similarity.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./canvas.js").Box} Box */
/** @typedef {import("./canvas.js").Place} Place */
/** @typedef {import("./data.js").MapData} MapData */
/** @typedef {import("./focus.js").Focus} Focus */
/** @typedef {import("./image_places.js").PlacedImage} PlacedImage */
/** @typedef {import("./projection.js").Projection} Projection */
/** @typedef {import("./view.js").MapView} MapView */

/**
 * @typedef {object} Highlights
 * @property {Focus | null} focus
 * @property {number[]} matches Rows that a search found.
 * @property {number | null} hovered A row.
 * @property {import("./similarity.js").LevelDots | null} levels Colors by similarity, in place of those of the plot.
 * @property {import("./names.js").GroupName[]} names Of groups; not drawn beside a focus.
 * @property {import("./point_labels.js").LabelMode} pointLabels How many central points are labeled; none beside a
 *   focus, and none above colors by similarity.
 * @property {[string, string][]} axes What is at the ends of each axis; written in 2D.
 * @property {number[] | null} marker A marked place, in coordinates of the layout.
 * @property {import("./data.js").AddedPoints | null} added Points that are no rows of the set.
 */

export const MATCH_COLOR = "#e8770c";

const centralOf = perScene((scene) => centralPoints(scene.points, standingOut(scene)));

export class Overlay {
  /** @type {Highlights} */
  highlights = {
    focus: null, matches: [], hovered: null, levels: null, names: [], pointLabels: "none", axes: [], marker: null,
    added: null,
  };

  /** @type {number | null} The frame in which the overlay is drawn next. */
  #frame = null;

  /** @type {number | null} The frame in which the camera is looked at next, in 3D. */
  #watch = null;

  /** What the view was when it was drawn last. */
  #seen = "";

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLCanvasElement} under below the points
   * @param {MapView} view
   * @param {MapData} data
   * @param {() => Theme} theme
   */
  constructor(canvas, under, view, data, theme) {
    this.canvas = canvas;
    this.view = view;
    this.data = data;
    this.theme = theme;
    this.images = new MapImages(() => this.redraw());
    this.density = new DensityLayer(under);
  }

  destroy() {
    this.images.destroy();
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    if (this.#watch !== null) cancelAnimationFrame(this.#watch);
  }

  /** @param {Partial<Highlights>} changes */
  highlight(changes) {
    Object.assign(this.highlights, changes);
    this.redraw();
  }

  /** Draw in the next frame. */
  redraw() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (!this.view.scene) return;
      this.#seen = this.view.scene.projection.refresh();
      this.density.draw(this.view.scene, this.theme(), this.view.handlers.room().left);
      this.#draw(this.view.scene.projection);
      this.view.paint();
      this.#watchCamera();
    });
  }

  /** In 3D plotly.js reports no movement while it happens: look at the camera in each frame. */
  #watchCamera() {
    const { focus, matches, levels, names, pointLabels, added } = this.highlights;
    const isDrawn = focus || matches.length || levels || names.length || pointLabels !== "none" || added
      || this.images.isOn;
    if (this.#watch !== null || this.view.scene?.points.dims !== 3 || !isDrawn) return;
    this.#watch = requestAnimationFrame(() => {
      this.#watch = null;
      if (this.view.scene && this.view.scene.projection.refresh() !== this.#seen) this.redraw();
      this.#watchCamera();
    });
  }

  /** @param {Projection} projection */
  #draw(projection) {
    const { focus, matches, hovered, levels, marker, added } = this.highlights;
    const { names, pointLabels } = this.#named();
    const axes = this.view.scene?.points.dims === 2 ? this.highlights.axes : [];
    const displayed = marker && this.view.displayed(marker);
    const { scene } = this.view;
    const room = this.view.handlers.room();
    if (scene) this.images.place(scene, room, this.highlights);
    // an emptied canvas may stay on the screen as it was until something else is painted
    const isEmpty = !focus && !matches.length && hovered === null && !levels && !displayed && !added
      && !names.length && pointLabels === "none" && !axes.length && this.images.isEmpty;
    this.canvas.style.visibility = isEmpty ? "hidden" : "visible";
    const context = emptied(this.canvas);
    if (levels && scene) {
      paintLevels(context, projection, scene.visible, levels, room.left);
    }
    if (!this.images.isEmpty) {
      this.images.step();
      this.paintImages(context, projection, this.theme());
    }
    this.paint(context, projection, this.theme(), hovered, this.images.onScreen());
  }

  /** Return what is named on the map: nothing beside a focus, or above colors by similarity. */
  #named() {
    const { focus, levels, names, pointLabels } = this.highlights;
    return focus || levels ? { names: [], pointLabels: /** @type {const} */ ("none") } : { names, pointLabels };
  }

  /**
   * Return the number of the added point at (x, y), in px of the map, or null.
   *
   * @param {number} x
   * @param {number} y
   */
  addedAt(x, y) {
    const { added } = this.highlights;
    const { scene } = this.view;
    if (!added || !scene) return null;
    scene.projection.refresh();
    return pickAdded(placesOf(added, scene.points, scene.projection), x, y);
  }

  /**
   * Paint the images, in frames of the points' colors, on the screen or into a figure.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Projection} projection
   * @param {Theme} theme
   */
  paintImages(context, projection, theme) {
    const { scene, graph } = this.view;
    if (!scene) return;
    const { levels } = this.highlights;
    const scale = graph._fullData?.find((trace) => Array.isArray(trace.marker?.colorscale))?.marker?.colorscale;
    const themed = levels && { ...levels, colors: shades(theme) };
    this.images.paint(context, projection.project, pointColors(scene.drawable.colors, scale, themed), theme);
  }

  /**
   * Paint all but the points and the images, on the screen or into a figure.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Projection} projection
   * @param {Theme} theme
   * @param {number | null} hovered the row under the pointer
   * @param {ReadonlyMap<number, PlacedImage>} [images] that are there, by row
   */
  paint(context, projection, theme, hovered, images = new Map()) {
    const { focus, matches, marker, added } = this.highlights;
    const { names, pointLabels } = this.#named();
    const { scene } = this.view;
    const axes = scene?.points.dims === 2 ? this.highlights.axes : [];
    const labels = this.data.texts?.labels ?? null;
    const displayed = marker && this.view.displayed(marker);
    /** @type {Box[]} */
    const taken = [];
    const { left } = this.view.handlers.room();
    if (axes.length === 2) drawAxes(context, axes, left, theme);
    const buttons = { x: context.canvas.clientWidth - BUTTONS.width, y: 0, ...BUTTONS };
    const occupied = [buttons, ...Array.from(images.values(), boxOf)];
    if (names.length && scene) {
      const [from, to] = [projection.place(0, 0), projection.place(1, 0)];
      const unit = from && to ? (to.x - from.x) / scene.points.half : 0;
      occupied.push(...drawNames(context, projection, names, { hidden: this.data.hidden, unit, left, theme }));
    }
    if (pointLabels !== "none" && scene && labels) {
      const options = { mode: pointLabels, left, taken: occupied, theme };
      drawPointLabels(context, projection, scene.points.axes, centralOf(scene), labels, options);
    }
    for (const row of matches) {
      const image = images.get(row);
      if (image) drawFrame(context, image, MATCH_COLOR);
      else drawDot(context, projection.project(row), 4, MATCH_COLOR, theme.background);
    }
    const marked = displayed && projection.at(displayed[0], displayed[1], displayed[2]);
    if (focus) drawFocus(context, projection, focus, marked, labels, theme, taken, images);
    if (added && scene) {
      drawAdded(context, placesOf(added, scene.points, projection), added.labels, theme, taken);
    }
    if (marked) drawCross(context, marked, theme.accent);
    const at = hovered === null ? null : projection.project(hovered);
    if (at && hovered !== null) {
      const image = images.get(hovered);
      if (image) drawFrame(context, image, theme.text);
      if (!image || isBeside(image)) drawRing(context, at, 7, 1.5, theme.text);
      if (labels) drawLabel(context, image ?? at, labels[hovered], theme, taken, { strong: true, gap: gapOf(image) });
    }
  }
}

/**
 * Show a row's label and hover columns on a card near a place in px of `frame`, or hide the card.
 *
 * @param {HTMLElement} card
 * @param {HTMLElement} frame
 * @param {{ row: number, x: number, y: number } | null} pointed
 * @param {MapData["texts"]} texts
 * @param {string | null} images address of the small images
 */
export function fillTooltip(card, frame, pointed, texts, images) {
  card.hidden = !pointed || !texts;
  if (!pointed || !texts) return;
  const { row } = pointed;
  const image = images ? [thumbnail(images, row)] : [];
  card.replaceChildren(...image, element("strong", {}, texts.labels[row] || "(no label)"));
  for (const { name, cells } of texts.columns) {
    card.append(element("div", {}, element("span", {}, name), " ", ...textNodes(cells[row] ?? "–")));
  }
  moveBeside(card, frame, pointed);
}

/**
 * Show the label of an added point on a card near a place in px of `frame`.
 *
 * @param {HTMLElement} card
 * @param {HTMLElement} frame
 * @param {string} label
 * @param {Place} at
 */
export function fillAddedTooltip(card, frame, label, at) {
  card.hidden = false;
  card.replaceChildren(element("strong", {}, label), element("div", {}, element("span", {}, "new point")));
  moveBeside(card, frame, at);
}

/**
 * @param {HTMLElement} card
 * @param {HTMLElement} frame
 * @param {Place} at
 */
function moveBeside(card, frame, { x, y }) {
  const isRight = x + 16 + card.offsetWidth > frame.clientWidth;
  const isLow = y + 16 + card.offsetHeight > frame.clientHeight;
  card.style.left = `${isRight ? x - 12 - card.offsetWidth : x + 16}px`;
  card.style.top = `${isLow ? y - 12 - card.offsetHeight : y + 16}px`;
}
