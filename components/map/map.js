// @ts-check
// The map: shows a layout by what Python sends, and reports clicks and selections by row number.
import { currentTheme } from "../shared/colors.js";
import { addStyles } from "../shared/dom.js";
import { mount, queue } from "../shared/mount.js";
import { send, subscribe } from "../shared/page.js";
import { MapData } from "./data.js";
import { buildElements, roomBeside } from "./elements.js";
import { Interaction } from "./interaction.js";
import { withNearness } from "./focus.js";
import { glide } from "./glide.js";
import { drawLegend } from "./legend.js";
import { Overlay } from "./overlay.js";
import { groupRows } from "./points.js";
import { levelStyle, shades, Similarity } from "./similarity.js";
import { MapView } from "./view.js";

/** @typedef {import("./interaction.js").MapEvent} MapEvent */
/** @typedef {import("./points.js").Region} Region */

/**
 * @typedef {object} MapState What the map is to show; `labels` is a hash, and names the set.
 * @property {number} set Number of the set among those that the session has opened.
 * @property {string} layout Names the layout, also while it is computed.
 * @property {number} restored Number of the last address that the person navigated to; when it changes, the map
 *   shows the `hidden` categories and the `camera` of the address, otherwise what the person did last.
 * @property {number[]} hidden Categories that are hidden.
 * @property {string} camera The view, as `writeView` writes it, or "".
 * @property {number} zoom When it changes, the view zooms to the rows that stand out, or, if it is negative,
 *   returns to where it was before it zoomed.
 * @property {import("./focus.js").FocusMessage | null} focus
 * @property {import("./similarity.js").SimilarityMessage | null} similarity
 * @property {import("./names.js").GroupName[]} names Of groups of points, the coarsest and largest first.
 * @property {import("./point_labels.js").LabelMode} point_labels How many central points are labeled.
 * @property {import("./density_layer.js").DensityMode} density How the density of the points is drawn.
 * @property {string | null} images Address of the small images; a row number is appended.
 * @property {boolean} thumbnails Whether images take the place of points.
 * @property {[string, string][]} axes What is at the low and the high end of each axis.
 * @property {boolean} background Whether a click beside all points is an event.
 * @property {number[] | null} marker A marked place, in coordinates of the layout.
 * @property {import("./data.js").AddedSources | null} added Points that are no rows of the set.
 * @property {string} title Of an exported figure: what the set is called.
 * @property {string} details Which layout it shows.
 * @property {string} description For screen readers.
 *
 * @typedef {MapState & import("./data.js").Sources & import("./data.js").TextSources} MapMessage
 */

export class EmbeddingMap {
  /** @type {MapMessage | null} What is shown, or being drawn. */
  message = null;

  /** @type {MapMessage | null} What came last; it may have to wait for the drawing before it. */
  #newest = null;

  /** @type {string | null} What the chart was drawn from; null where it has to be drawn again. */
  #drawn = null;

  /** @type {import("./similarity.js").Levels | null} What colors the points, if similarity does. */
  #levels = null;

  /** @type {string | null} The view before it zoomed to a group. */
  #before = null;

  #isDestroyed = false;

  /** @type {(event: MapEvent) => void} */
  #emit = () => {};

  /**
   * @param {HTMLElement} parent
   * @param {string} plotlyUrl
   */
  constructor(parent, plotlyUrl) {
    this.plotlyUrl = plotlyUrl;
    this.elements = buildElements();
    const { root, under, graph, plain, canvas, tooltip } = this.elements;
    parent.append(root);
    this.theme = currentTheme(root);
    this.data = new MapData();
    this.view = new MapView(graph, plain, {
      room: () => roomBeside(this.elements),
      moved: () => this.overlay.redraw(),
      settled: () => send("camera", this.view.viewText()),
      selected: (region) => this.selectRegion(region),
    });
    this.overlay = new Overlay(canvas, under, this.view, this.data, () => this.theme);
    const { data, view, overlay } = this;
    this.interaction = new Interaction({ root, graph, tooltip, data, view, overlay }, {
      emit: (event) => this.#emit(event),
      pointed: (row) => this.similarity.point(row),
    });
    this.similarity = new Similarity(this.elements.scale, {
      changed: (levels) => this.showLevels(levels),
      labelOf: (row) => data.texts?.labels[row] || `row ${row}`,
    });
    this.enqueue = queue((error) => this.fail(error));
    this.resizer = new ResizeObserver(() => this.view.resize());
    this.resizer.observe(root);
    this.endSubscription = subscribe({ map: (receive) => receive(this) });
    Object.assign(root, { embeddingMap: this }); // for the console and the tests
  }

  destroy() {
    this.#isDestroyed = true;
    this.resizer.disconnect();
    this.endSubscription();
    this.interaction.destroy();
    this.similarity.reset();
    this.overlay.destroy();
    this.view.destroy();
    this.elements.root.remove();
  }

  /**
   * @param {MapMessage} message
   * @param {(event: MapEvent) => void} emit
   */
  update(message, emit) {
    this.#emit = emit;
    this.#newest = message;
    this.enqueue(() => (message === this.#newest ? this.apply(message) : null));
  }

  /** @param {Error} error */
  fail(error) {
    const { root, status } = this.elements;
    status.hidden = false;
    status.textContent = `The map could not be drawn: ${error.message}. Reload the page.`;
    root.dataset.set = String(this.#newest?.set);
    reportError(error); // into the browser's console, with its stack; the next message is tried
  }

  /**
   * Show a message, touching only what differs from before.
   *
   * @param {MapMessage} message
   */
  async apply(message) {
    if (this.#isDestroyed) return;
    const before = this.message;
    this.message = message;
    const isSameSet = message.labels === before?.labels;
    if (!isSameSet) this.forgetSet();
    else if (message.layout !== before?.layout) this.view.forgetView();
    const isRestored = message.restored !== before?.restored;
    const { root, status } = this.elements;
    root.setAttribute("aria-label", message.description);
    root.dataset.row = String(message.focus?.row ?? "");
    await this.view.load(this.plotlyUrl);
    this.theme = currentTheme(root);
    const { points, colors, mask, style } = message;
    const drawn = JSON.stringify([this.theme, points, colors, mask, style, message.restored]);
    if (points.url !== before?.points.url) this.overlay.highlight({ added: null }); // they are of the last layout
    if (drawn !== this.#drawn) {
      this.#drawn = null; // until it is drawn; after a failure the next message tries again
      const from = isSameSet ? this.data.drawable?.points : null;
      await this.data.load(message);
      if (isRestored) this.data.hidden = new Set(message.hidden);
      await this.draw(from);
      this.#drawn = drawn;
    }
    if (this.#isDestroyed) return;
    this.interaction.backgroundClicks = message.background;
    this.interaction.images = message.images;
    this.overlay.images.show(message.thumbnails ? message.images : null);
    const { focus, names, axes, marker, point_labels: pointLabels, density } = message;
    const added = await this.data.loadAdded(message.added);
    this.overlay.density.mode = density;
    this.overlay.highlight({ focus: focus && withNearness(focus), names, axes, marker, added, pointLabels });
    if (this.#levels) this.showLevels(this.#levels); // the theme may be another one
    this.similarity.update(message.similarity);
    root.classList.toggle("focused", Boolean(message.focus) && !mask?.alone);
    if (isRestored && (before || message.camera)) await this.view.look(message.camera);
    else if (isSameSet && before && message.zoom !== before.zoom) await this.zoom(message.zoom > 0);
    const row = message.focus?.row ?? null;
    if (row !== null && row !== before?.focus?.row) {
      if (row !== this.interaction.clicked) this.view.reveal(row); // what is clicked on the map is in view
      this.interaction.clicked = null;
    }
    status.hidden = true;
    root.dataset.set = String(message.set);
    root.dataset.points = String(points.count);
    root.dataset.dims = String(points.dims);
    send("camera", this.view.viewText()); // the address of a new view does not have it yet
    this.loadTexts(message).catch((error) => this.fail(error));
  }

  /**
   * Zoom to the rows that stand out, or return to the view before.
   *
   * @param {boolean} isIn
   */
  async zoom(isIn) {
    const rows = this.data.drawable?.mask ?? this.data.drawable?.alone;
    if (isIn && rows) {
      this.#before ??= this.view.viewText();
      await this.view.zoomTo(rows);
    } else if (!isIn && this.#before !== null) {
      await this.view.look(this.#before);
      this.#before = null;
    }
  }

  /** Drop what belongs to the set that was shown before. */
  forgetSet() {
    this.#before = null;
    this.data.forgetTexts();
    this.view.forgetView();
    this.similarity.reset();
    this.overlay.images.show(null);
    this.overlay.highlight({ focus: null, matches: [], names: [], axes: [], marker: null, added: null });
    this.interaction.hover(null);
  }

  /**
   * Draw what has been loaded.
   *
   * @param {import("./points.js").Points | null} [from] points of the same items to glide from
   */
  async draw(from) {
    const { drawable, hidden } = this.data;
    if (!drawable || !this.message || this.#isDestroyed) return;
    const { root, legend } = this.elements;
    drawLegend(legend, drawable.colors, hidden, {
      setHidden: (changed) => this.setHidden(changed),
      select: (code, mode) => this.selectCategory(code, mode),
      pick: (code, color) => this.#emit({ type: "pick_color", code, color }),
      reset: () => this.#emit({ type: "reset_colors" }),
      folded: () => this.enqueue(() => this.draw()),
    });
    const drawing = { drawable, hidden, theme: this.theme, layout: this.message.layout };
    if (from) await glide(from, drawable.points, (points) => this.drawStep(drawing, points), () => this.#isDestroyed);
    if (this.#isDestroyed) return;
    await this.view.draw(drawing);
    this.overlay.redraw();
    root.dataset.webgl = String(this.view.webgl);
    if (!this.view.webgl) {
      const what = drawable.points.dims === 3 ? "a simplified plot of the first two axes" : "a simplified plot";
      root.dataset.note = `WebGL is not available in this browser: showing ${what}.`;
    }
  }

  /**
   * Draw the points on their way to where a drawing has them.
   *
   * @param {import("./view.js").Drawing} drawing
   * @param {import("./points.js").Points} points
   */
  async drawStep(drawing, points) {
    await this.view.draw({ ...drawing, drawable: { ...drawing.drawable, points } });
    this.overlay.redraw();
  }

  /** @param {MapMessage} message */
  async loadTexts(message) {
    const isNew = await this.data.loadTexts(message, () => message === this.message);
    if (!isNew || this.#isDestroyed) return;
    this.overlay.redraw();
    this.interaction.refreshTooltip();
  }

  /** @param {Set<number>} hidden */
  setHidden(hidden) {
    this.enqueue(() => {
      this.data.hidden = hidden;
      this.#emit({ type: "hidden", codes: [...hidden] });
      return this.draw();
    });
  }

  /**
   * @param {number} code
   * @param {import("./pointer.js").Mode} mode
   */
  selectCategory(code, mode) {
    const colors = this.data.drawable?.colors;
    if (colors?.kind !== "categories") return;
    this.interaction.select(groupRows(colors.codes, colors.names.length)[code], colors.names[code], mode);
  }

  /** @param {Region} [region] a finished box or lasso */
  selectRegion(region) {
    if (!region?.range && !region?.lassoPoints) return;
    this.view.clearSelection();
    this.#drawn = null; // plotly.js has dimmed the other points: draw again, whatever Python answers
    const { message } = this;
    if (!this.interaction.selectRegion(region)) this.enqueue(() => message && this.apply(message));
  }

  /** @param {import("./similarity.js").Levels | null} levels */
  showLevels(levels) {
    this.#levels = levels;
    const { root } = this.elements;
    const rowsByLevel = levels && groupRows(levels.levels, 256);
    const { points, style } = this.data.drawable ?? {};
    const isOurs = levels !== null && levels.levels.length === points?.count; // else another set has come meanwhile
    const drawn = rowsByLevel && isOurs && points && style
      ? { ofRows: levels.levels, rowsByLevel, colors: shades(this.theme), ...levelStyle(points.count, style) }
      : null;
    this.overlay.highlight({ levels: drawn });
    root.classList.toggle("similar", isOurs);
    root.dataset.similar = isOurs ? String(levels?.row) : "";
    this.similarity.drawScale(isOurs ? levels : null, this.theme);
  }
}

export const update = mount((parent, plotlyUrl) => {
  addStyles("map.css", import.meta.url);
  return new EmbeddingMap(parent, plotlyUrl);
});
