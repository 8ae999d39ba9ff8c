// @ts-check
// The chart that plotly.js draws, the view that the person has made of it, and its animations.
import { GREY } from "../shared/colors.js";
import { hasWebGL, loadPlotly, plotly } from "../shared/plotly.js";
import { FIRST_VIEW, fit, flyTo, frame, keepPlaces, keyView, readView, writeView } from "./camera.js";
import { paintPoints } from "./canvas.js";
import { chartConfig, fullScreen } from "./chart_config.js";
import { Drags } from "./drags.js";
import { boxOf, markerStyle, projected2d, visibleRows } from "./points.js";
import { layoutOf, pick, projection } from "./projection.js";
import { buildLayout, buildTraces, emptyTraces } from "./traces.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyGraph} PlotlyGraph */
/** @typedef {import("./data.js").Drawable} Drawable */
/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("./points.js").Region} Region */
/** @typedef {import("./projection.js").Projection} Projection */

/** @typedef {import("./camera.js").Size & { left: number }} Room For the points, right of the legend. */

/**
 * @typedef {object} Scene What is on the screen now.
 * @property {Points} points In 2D where there is no WebGL.
 * @property {Projection} projection
 * @property {Uint8Array} visible
 * @property {Drawable} drawable
 */

/**
 * @typedef {object} Drawing
 * @property {Drawable} drawable
 * @property {ReadonlySet<number>} hidden
 * @property {Theme} theme
 * @property {string} layout Names the layout; its view is kept from drawing to drawing.
 */

export class MapView {
  /** @type {Scene | null} */
  scene = null;

  /** @type {boolean | null} Whether this browser draws with WebGL; null until it is known. */
  webgl = null;

  /** @type {string | null} The view that fits the cloud; null until the next drawing fits it. */
  #fitted = null;

  /** @type {2 | 3 | null} Dimensions of the chart that plotly.js holds. */
  #dims = null;

  #isDestroyed = false;

  /** The same function in each configuration: plotly.js makes a new chart where it differs. */
  #reset = () => this.fit();

  /**
   * @param {PlotlyGraph} graph
   * @param {HTMLCanvasElement} plain where points are painted without WebGL
   * @param {object} handlers
   * @param {() => Room} handlers.room
   * @param {() => void} handlers.moved called when the view has moved
   * @param {() => void} handlers.settled called when a movement of the view has ended
   * @param {(region?: Region) => void} handlers.selected called with a finished box or lasso
   */
  constructor(graph, plain, handlers) {
    this.graph = graph;
    this.plain = plain;
    this.handlers = handlers;
    this.drags = new Drags(graph);
  }

  /**
   * Get what drawing needs.
   *
   * @param {string} plotlyUrl
   */
  async load(plotlyUrl) {
    await loadPlotly(plotlyUrl);
    this.webgl ??= hasWebGL();
  }

  destroy() {
    this.#isDestroyed = true;
    this.scene = null;
    this.drags.destroy();
    window.Plotly?.purge(this.graph);
  }

  /** Have the map fill the screen, or no longer. */
  toggleFullScreen() {
    fullScreen(this.graph);
  }

  /** Fit the view at the next drawing. */
  forgetView() {
    this.#fitted = null;
  }

  /**
   * Draw once no drag goes on; afterwards `scene` is what was drawn.
   *
   * @param {Drawing} drawing
   */
  async draw({ drawable, hidden, theme, layout: name }) {
    await this.drags.ended();
    if (this.#isDestroyed) return;
    const { colors, mask, alone, style } = drawable;
    const points = this.webgl || drawable.points.dims === 2 ? drawable.points : projected2d(drawable.points);
    const before = points.dims === 2 && this.#dims === 2 ? view2d(this.graph) : null;
    const layout = this.#keepView(buildLayout(points, theme, this.handlers.room()), points.dims, name);
    const traces = this.webgl
      ? buildTraces({ points, colors, mask, alone, hidden, style, theme })
      : emptyTraces(points, colors, theme);
    const isNewChart = this.#dims !== points.dims;
    if (isNewChart) plotly().purge(this.graph);
    this.#dims = points.dims;
    await plotly().react(this.graph, traces, layout, chartConfig(points.dims, this.#reset));
    if (!this.graph._fullLayout) return; // it has been removed meanwhile
    if (before && this.#fitted) { // the view is not the one that fits
      const { xaxis } = layoutOf(this.graph);
      const isMoved = xaxis._offset !== before.xaxis._offset || xaxis._length !== before.xaxis._length;
      if (isMoved) await plotly().relayout(this.graph, keepPlaces(before, xaxis));
    }
    if (isNewChart) this.#listen();
    this.#fitted ??= this.#currentView();
    this.scene = {
      points,
      projection: projection(this.graph, points),
      visible: visibleRows(points.count, colors.kind === "categories" ? colors.codes : null, hidden, alone),
      drawable,
    };
  }

  /** Listen to the chart; plotly.js forgets listeners when a chart is purged. */
  #listen() {
    for (const name of ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"]) {
      this.graph.on(name, this.handlers.moved);
    }
    this.graph.on("plotly_relayout", this.handlers.settled);
    this.graph.on("plotly_selected", this.handlers.selected);
    this.graph.on("plotly_doubleclick", this.#reset);
  }

  /**
   * Keep the view that the person has made of this layout; otherwise leave the one that fits.
   *
   * @param {Record<string, any>} layout
   * @param {2 | 3} dims
   * @param {string} name
   */
  #keepView(layout, dims, name) {
    layout.uirevision = name;
    const now = this.graph._fullLayout;
    if (!now || this.#dims !== dims) {
      this.#fitted = null;
      return layout;
    }
    layout.dragmode = now.dragmode;
    if (!this.#fitted) return layout;
    if (dims === 3) {
      layout.scene = { ...layout.scene, camera: now.scene.camera, dragmode: now.scene.dragmode };
    } else if (this.#currentView() !== this.#fitted) {
      layout.xaxis.range = [...now.xaxis.range];
      layout.yaxis.range = [...now.yaxis.range];
      return layout;
    }
    this.#fitted = null;
    return layout;
  }

  /** Return the present view in 2D as text, to compare. */
  #currentView() {
    const { xaxis, yaxis } = layoutOf(this.graph);
    return this.#dims === 3 ? "camera" : String([xaxis.range, yaxis.range]);
  }

  /** Paint the points where there is no WebGL. */
  paint() {
    if (this.webgl || !this.scene) return;
    const { visible, points, drawable: { colors, mask, style } } = this.scene;
    const colorOf = (/** @type {number} */ row) => {
      if (mask && !mask[row]) return "rgba(141, 150, 163, 0.2)";
      return colors.kind === "categories" ? colors.palette[colors.codes[row]] : GREY;
    };
    const { left } = this.handlers.room();
    const marker = { ...style, ...markerStyle(points.count, 2, style) };
    paintPoints(this.plain, this.scene.projection, visible, colorOf, marker, left);
  }

  /**
   * Return the row near (x, y), in px of the map, or null.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} radius in px
   */
  pick(x, y, radius) {
    return this.scene && pick(this.scene.projection, this.scene.visible, x, y, radius);
  }

  /**
   * Return where a row is, in px of the map, or null where it is nowhere.
   *
   * @param {number} row
   */
  locate(row) {
    if (!this.scene) return null;
    this.scene.projection.refresh();
    return this.scene.projection.project(row);
  }

  /**
   * Return the layout's coordinates of a place in 2D, given in px of the map, or null.
   *
   * @param {number} x
   * @param {number} y
   */
  coordinatesAt(x, y) {
    if (!this.scene) return null;
    const { points, projection: { refresh, unproject } } = this.scene;
    refresh();
    return unproject(x, y)?.map((value, axis) => points.center[axis] + points.half * value) ?? null;
  }

  /**
   * Return where coordinates of the layout are displayed, or null where they are of another one.
   *
   * @param {number[]} coordinates
   */
  displayed(coordinates) {
    if (coordinates.length !== this.scene?.points.center.length) return null;
    const { center, half } = this.scene.points;
    return coordinates.map((value, axis) => (value - center[axis]) / half);
  }

  /**
   * Bring a row into view without changing the scale, where it is outside.
   *
   * @param {number} row
   */
  reveal(row) {
    const at = this.locate(row);
    const { left, width, height } = this.handlers.room();
    const inside = at && at.x > left + 20 && at.y > 20 && at.x < left + width - 20 && at.y < height - 20;
    if (!inside) this.fly(row, 1);
  }

  /**
   * Center the view on a row, at least `zoom` times closer than the view of the whole cloud.
   *
   * @param {number} row
   * @param {number} zoom
   */
  fly(row, zoom = 3) {
    if (!this.scene || row >= this.scene.points.count) return;
    const { points } = this.scene;
    const place = points.axes.map((axis) => axis[row]);
    plotly().relayout(this.graph, flyTo(place, layoutOf(this.graph), points, zoom));
  }

  /**
   * Fit the view to some rows.
   *
   * @param {Uint8Array} rows 1 for each of them
   */
  async zoomTo(rows) {
    if (!this.scene) return;
    const { points } = this.scene;
    const box = boxOf(points, rows);
    await this.drags.ended();
    if (box) await plotly().relayout(this.graph, frame(box, layoutOf(this.graph), points));
  }

  /** Return the view as text for an address; "" for the one that fits the cloud. */
  viewText() {
    if (!this.scene || !this.#dims) return "";
    if (this.#dims === 2 && this.#currentView() === this.#fitted) return "";
    const text = writeView(layoutOf(this.graph), this.#dims);
    return text === FIRST_VIEW ? "" : text;
  }

  /**
   * Show the view of an address; the one that fits the cloud where the text describes none.
   *
   * @param {string} text
   */
  async look(text) {
    if (!this.#dims || text === this.viewText()) return;
    await this.drags.ended();
    const change = readView(text, this.#dims, this.handlers.room());
    if (change) await plotly().relayout(this.graph, change);
    else this.fit();
  }

  /** Fit the view to the cloud. */
  fit() {
    if (this.scene) plotly().relayout(this.graph, fit(this.scene.points, this.handlers.room()));
  }

  /**
   * Move the view by a key; return whether it is a key that moves it.
   *
   * @param {string} key
   */
  moveByKey(key) {
    if (!this.scene) return false;
    const change = keyView(key, layoutOf(this.graph), this.scene.points, this.handlers.room());
    if (change) plotly().relayout(this.graph, change);
    return change !== null;
  }

  /** Remove the outline of a finished box or lasso. */
  clearSelection() {
    plotly().relayout(this.graph, { selections: [] });
  }

  /** Take the element's new size; a view that fitted the cloud fits it again. */
  async resize() {
    await this.drags.ended();
    const room = this.handlers.room();
    if (!this.scene || room.width <= 0) return;
    const fits = this.#dims === 2 && this.#currentView() === this.#fitted;
    await plotly().Plots.resize(this.graph);
    if (!this.graph._fullLayout) return; // it was removed meanwhile
    const change = fits ? fit(this.scene.points, room) : {};
    await plotly().relayout(this.graph, { "margin.l": room.left, ...change });
    if (fits && this.graph._fullLayout) this.#fitted = this.#currentView();
    this.handlers.moved();
  }
}

/**
 * Return the view of a chart in 2D as it is now; plotly.js changes its own objects.
 *
 * @param {PlotlyGraph} graph
 */
function view2d(graph) {
  const { xaxis: { range: x, _offset, _length }, yaxis: { range: y } } = layoutOf(graph);
  return { xaxis: { range: [x[0], x[1]], _offset, _length }, yaxis: { range: [y[0], y[1]] } };
}
