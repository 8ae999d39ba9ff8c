// The map: draws a layout with plotly.js, reports clicks and selections by row number.
import { addStyles, channel, element, fetchBytes, fetchFloats, fetchJson, queue, theme }
  from "./shared.js";
import { markerStyle, toDisplay, unpackBits } from "./points.js";
import { buildLayout, buildTraces, fitRanges, GREY } from "./traces.js";
import { pick, projection } from "./projection.js";
import { drawLegend } from "./legend.js";
import { drawOverlay, drawPlain } from "./overlay.js";
import { config, hasWebGL, loadPlotly } from "./plotly.js";
import { clicked, legendActions, select } from "./events.js";
import { listen } from "./pointer.js";
import { flyTo, keyView } from "./view.js";
import { canGlide, glide } from "./glide.js";
import { fillTooltip } from "./tooltip.js";

const instances = new WeakMap();

/** Called by Streamlit on mount and at every change of data or theme; returns the clean-up. */
export function update({ data, parentElement, setTriggerValue }, plotlyUrl) {
  let map = instances.get(parentElement);
  if (!map) {
    addStyles();
    map = new EmbeddingMap(parentElement, plotlyUrl);
    instances.set(parentElement, map);
  }
  map.emit = (event) => setTriggerValue("event", event);
  map.latest = data;
  map.enqueue(() => (data === map.latest ? map.apply(data) : null)); // the newest is enough
  return () => {
    map.destroy();
    instances.delete(parentElement);
  };
}

class EmbeddingMap {
  constructor(parent, plotlyUrl) {
    this.plotlyUrl = plotlyUrl;
    this.graph = element("div", { class: "map-graph" });
    this.plain = element("canvas", { class: "map-plain", "aria-hidden": "true" });
    this.canvas = element("canvas", { class: "map-overlay", "aria-hidden": "true" });
    this.legend = element("div", { class: "map-legend", role: "group", "aria-label": "Legend" });
    this.tooltip = element("div", { class: "map-tooltip", hidden: true });
    this.message = element("div", { class: "map-message", role: "status" });
    this.root = element(
      "div", {
        "data-testid": "embedding-map", class: "embedding-map", role: "group", tabindex: "0",
        onkeydown: (event) => this.key(event),
      },
      this.graph, this.plain, this.canvas, this.legend, this.tooltip, this.message,
    );
    this.message.textContent = "Loading the map…";
    this.root.embeddingMap = this; // for the console and the tests
    parent.append(this.root);
    this.enqueue = queue((error) => this.fail(error));
    this.hidden = new Set();
    this.hits = [];
    this.hovered = null;
    this.unlisten = listen(this.root, {
      pickAt: (x, y, radius) => (this.view ? pick(this.view, this.drawn, x, y, radius) : null),
      clicked: (row, at) => clicked(this, row, at),
      hovered: (row, x, y) => this.hover(row, x, y),
    });
    this.subscriptions = {
      hover: ({ detail }) => this.hover(detail, null, null),
      fly: ({ detail }) => this.fly(detail),
      letgo: () => clicked(this, null),
      hits: ({ detail }) => { this.hits = detail; this.redraw(); },
    };
    for (const [name, handler] of Object.entries(this.subscriptions)) {
      channel.addEventListener(name, handler);
    }
    this.resizer = new ResizeObserver(() => this.resize());
    this.resizer.observe(this.root);
  }

  destroy() {
    this.unlisten();
    this.resizer.disconnect();
    for (const [name, handler] of Object.entries(this.subscriptions)) {
      channel.removeEventListener(name, handler);
    }
    window.Plotly?.purge(this.graph);
    this.root.remove();
    this.destroyed = true;
  }

  fail(error) {
    this.message.hidden = false;
    this.message.textContent = `The map could not be drawn: ${error.message}. Reload the page.`;
    reportError(error); // into the browser's console, with its stack; what comes next is tried
  }

  /** Bring the picture to what `data` says, touching only what differs from before. */
  async apply(data) {
    if (this.destroyed) return;
    const before = this.data ?? {};
    this.data = data;
    if (data.labels !== before.labels) this.forget(); // another set
    this.root.setAttribute("aria-label", data.description);
    this.root.dataset.row = data.focus?.row ?? "";
    await loadPlotly(this.plotlyUrl);
    this.styles = theme(this.root);
    const look = JSON.stringify([this.styles, data.points, data.colors, data.mask]);
    if (look !== this.look) {
      this.look = null; // until it is drawn; a failure is tried again next time
      const from = data.labels === before.labels ? this.points : null;
      await this.load(data);
      if (canGlide(from, this.points)) await this.glideFrom(from);
      await this.draw();
      this.look = look;
    }
    this.focus = data.focus && withNearness(data.focus);
    this.root.classList.toggle("focused", Boolean(this.focus) && !data.mask);
    const row = this.focus?.row ?? null;
    if (row !== null && row !== before.focus?.row) this.reveal(row);
    this.message.hidden = true;
    this.root.dataset.points = this.points.count;
    this.root.dataset.dims = this.points.dims;
    this.redraw();
    this.loadTexts(data).catch((error) => this.fail(error));
  }

  /** Let go of what belongs to the set that was shown before. */
  forget() {
    this.labels = this.columns = this.textKey = null;
    this.focus = this.fitted = null;
    this.hits = [];
    this.hover(null, null, null);
  }

  async load({ points, colors, mask }) {
    if (points.url !== this.pointsUrl) {
      this.points = toDisplay(await fetchFloats(points.url), points.count, points.dims);
      this.pointsUrl = points.url;
    }
    if (colors.kind === "numbers") {
      this.colors = { ...colors, values: await fetchFloats(colors.url) };
    } else {
      const codes = colors.url ? await fetchBytes(colors.url) : new Uint8Array(points.count);
      this.colors = { ...colors, codes };
    }
    const legend = `${colors.url} ${colors.title}`;
    if (legend !== this.hiddenOf) this.hidden.clear();
    this.hiddenOf = legend;
    this.mask = mask ? unpackBits(await fetchBytes(mask.url), points.count) : null;
  }

  /** Labels and hover columns come after the picture: they are only needed by then. */
  async loadTexts(data) {
    const key = JSON.stringify([data.labels, data.hover]);
    if (key === this.textKey) return;
    const urls = [data.labels, ...data.hover.map((column) => column.url)];
    const [labels, ...columns] = await Promise.all(urls.map(fetchJson));
    if (data !== this.latest) return this.loadTexts(this.latest);
    this.textKey = key;
    this.labels = labels;
    this.columns = data.hover.map((column, i) => ({ name: column.name, cells: columns[i] }));
    this.redraw();
  }

  async glideFrom(from) {
    const to = this.points;
    await glide(from, to, async (points) => {
      if (this.destroyed) return;
      this.points = points;
      await this.draw();
      this.redraw();
    });
    this.points = to;
  }

  async draw() {
    const { points, colors, mask, hidden, styles } = this;
    this.webgl ??= hasWebGL();
    const isolate = Boolean(this.data.mask?.isolate);
    drawLegend(this.legend, colors, hidden, legendActions(this));
    const size = this.size();
    const flat = points.dims === 3 && !this.webgl ? flattened(points) : points;
    const layout = this.withView(buildLayout(flat, styles, size), flat.dims);
    const traces = this.webgl
      ? buildTraces({ points: flat, colors, mask, isolate, hidden, styles })
      : buildTraces({ points: { ...flat, axes: flat.axes.map(() => []) , count: 0 },
          colors: { ...colors, codes: [], values: [] }, mask: null, hidden, styles, dots: true });
    if (this.drawnDims !== flat.dims) {
      window.Plotly.purge(this.graph);
      this.drawnDims = flat.dims;
    }
    await window.Plotly.react(this.graph, traces, layout, config(flat.dims));
    if (!this.bound) this.bind();
    this.fitted ??= this.ranges(); // of the view that fits the cloud
    this.view = projection(this.graph, flat);
    this.flat = flat;
    this.markDrawn(isolate);
    this.root.dataset.webgl = String(this.webgl);
    if (!this.webgl) {
      const what = points.dims === 3 ? "of the first two axes is shown" : "is shown";
      this.root.dataset.note = `No WebGL in this browser: a plain picture ${what}.`;
    }
  }

  /** Keep the view that the person has made of this set; otherwise leave the fitted one. */
  withView(layout, dims) {
    layout.uirevision = this.data.labels;
    const now = this.graph._fullLayout;
    if (!now || !this.fitted || this.drawnDims !== dims) {
      this.fitted = null;
      return layout;
    }
    layout.dragmode = now.dragmode;
    if (dims === 3) {
      layout.scene = { ...layout.scene, camera: now.scene.camera, dragmode: now.scene.dragmode };
    } else if (this.ranges() !== this.fitted) {
      layout.xaxis.range = [...now.xaxis.range];
      layout.yaxis.range = [...now.yaxis.range];
      return layout;
    }
    this.fitted = null;
    return layout;
  }

  /** The present view in 2D, as text to compare. */
  ranges() {
    const { xaxis, yaxis } = this.graph._fullLayout;
    return this.drawnDims === 3 ? "camera" : String([xaxis.range, yaxis.range]);
  }

  bind() {
    this.bound = true;
    for (const name of ["plotly_relayout", "plotly_relayouting", "plotly_afterplot"]) {
      this.graph.on(name, () => this.redraw());
    }
    this.graph.on("plotly_selected", (event) => select(this, event));
  }

  /** drawn[row] = 1 where the row can be seen, and so picked. */
  markDrawn(isolate) {
    const { points, colors, mask, hidden } = this;
    const drawn = new Uint8Array(points.count);
    for (let row = 0; row < drawn.length; row++) {
      const shown = colors.kind !== "categories" || !hidden.has(colors.codes[row]);
      drawn[row] = shown && (!isolate || mask[row]) ? 1 : 0;
    }
    this.drawn = drawn;
  }

  /** Arrows pan (rotate in 3D), + and - zoom, 0 fits: while the map itself has the focus. */
  key(event) {
    if (event.target !== this.root || !this.view) return;
    const change = keyView(event.key, this.graph._fullLayout, this.flat, this.size());
    if (!change) return;
    event.preventDefault();
    window.Plotly.relayout(this.graph, change);
  }

  hover(row, x, y) {
    if (row === this.hovered && x === null) return;
    const changed = row !== this.hovered;
    this.hovered = row;
    this.graph.classList.toggle("on-point", row !== null && x !== null);
    fillTooltip(this.tooltip, x === null ? null : row, x, y, this);
    if (changed) this.redraw();
  }

  /** Draw the overlay in the next frame; in 3D keep looking for a moved camera. */
  redraw() {
    if (this.scheduled || this.destroyed) return;
    this.scheduled = requestAnimationFrame(() => {
      this.scheduled = null;
      if (!this.view) return;
      this.seen = this.view.look();
      drawOverlay(this.canvas, {
        view: this.view, focus: this.focus, hits: this.hits, hovered: this.hovered,
        spot: this.spot(), labels: this.labels, styles: this.styles,
      });
      if (!this.webgl) this.drawWithoutWebGL();
      if (this.flat.dims === 3 && (this.focus || this.hits.length)) this.watchCamera();
    });
  }

  /** Where, in display coordinates of 2D, the asked place of the layout is. */
  spot() {
    const { center, half, dims } = this.flat;
    const spot = this.data.spot;
    return spot && dims === 2 ? spot.map((v, axis) => (v - center[axis]) / half) : null;
  }

  watchCamera() {
    if (this.watching) return;
    const watch = () => {
      this.watching = null;
      if (this.destroyed || this.flat.dims !== 3 || !(this.focus || this.hits.length)) return;
      if (this.view.look() !== this.seen) this.redraw();
      this.watching = requestAnimationFrame(watch);
    };
    this.watching = requestAnimationFrame(watch);
  }

  drawWithoutWebGL() {
    const { colors, mask } = this;
    const plainColor = colors.kind === "categories" ? (row) => colors.palette[colors.codes[row]] : () => GREY;
    drawPlain(this.plain, {
      view: this.view, drawn: this.drawn, style: markerStyle(this.points.count, 2),
      colorOf: (row) => (mask && !mask[row] ? "rgba(141, 150, 163, 0.2)" : plainColor(row)),
    });
  }

  /** Bring a row into view without changing the scale, where it lies outside. */
  reveal(row) {
    this.view.look();
    const at = this.view.project(row);
    const { clientWidth: width, clientHeight: height } = this.root;
    const inside = at && at.x > 20 && at.y > 20 && at.x < width - 20 && at.y < height - 20;
    if (!inside) this.fly(row, 1);
  }

  /** Center the view on a row, `zoom` times closer than the whole cloud at least. */
  fly(row, zoom = 3) {
    if (!this.view || row >= this.points.count) return;
    const place = this.flat.axes.map((axis) => axis[row]);
    window.Plotly.relayout(this.graph, flyTo(place, this.graph._fullLayout, this.flat, zoom));
  }

  /** Where a row is, in px of the map's element, or null. */
  place(row) {
    this.view.look();
    return this.view.project(row);
  }

  size() {
    const { clientWidth: width, clientHeight: height } = this.root;
    return { width, height, legend: this.legend.hidden ? 0 : this.legend.offsetWidth };
  }

  async resize() {
    if (!this.view || !this.root.clientWidth) return;
    const fits = this.flat.dims === 2 && this.ranges() === this.fitted;
    await window.Plotly.Plots.resize(this.graph);
    if (fits && !this.destroyed) {
      const [x, y] = fitRanges(this.flat, this.size());
      await window.Plotly.relayout(this.graph, { "xaxis.range": x, "yaxis.range": y });
      this.fitted = this.ranges();
    }
    this.redraw();
  }
}

function withNearness(focus) {
  const low = Math.min(...focus.values);
  const high = Math.max(...focus.values);
  const share = (value) => (high > low ? (value - low) / (high - low) : 1);
  const near = focus.kind === "similarity" ? share : (value) => 1 - share(value);
  return { ...focus, nearness: focus.values.map(near) };
}

function flattened(points) {
  return { ...points, dims: 2, axes: points.axes.slice(0, 2), extent: points.extent.slice(0, 2) };
}
