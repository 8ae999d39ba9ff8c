// @ts-check
// Lines by step: a small chart for each quantity, drawn again in place as its lines grow.
import { currentTheme, mix } from "../shared/colors.js";
import { addStyles, element } from "../shared/dom.js";
import { mount, queue } from "../shared/mount.js";
import { graphElement, loadPlotly, plotly } from "../shared/plotly.js";
import { escapeHtml, formatCount, formatValue } from "../shared/text.js";

/** @typedef {{ name: string, color: string, x: number[], y: number[], faint: boolean }} Line */
/** @typedef {{ title: string, lines: Line[] }} Chart */
/** @typedef {{ charts: Chart[] }} Message */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyGraph} PlotlyGraph */
/** @typedef {{ root: HTMLElement, caption: HTMLElement, graph: PlotlyGraph }} Figure */

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "reset" };
const MOST_MARKERS = 60; // points of a line that are drawn with markers

class LineCharts {
  /** @type {Map<string, Figure>} By title. */
  #figures = new Map();

  /** @type {Message | null} */
  #newest = null;

  /**
   * @param {HTMLElement} parent
   * @param {string} plotlyUrl
   */
  constructor(parent, plotlyUrl) {
    this.plotlyUrl = plotlyUrl;
    this.root = element("div", { class: "line-charts" });
    this.resizer = new ResizeObserver(() => this.fit());
    this.resizer.observe(this.root);
    this.enqueue = queue((error) => this.root.replaceChildren(error.message));
    parent.append(this.root);
  }

  destroy() {
    this.resizer.disconnect();
    for (const { graph } of this.#figures.values()) window.Plotly?.purge(graph);
    this.root.remove();
  }

  /** @param {Message} message */
  update(message) {
    this.#newest = message;
    this.enqueue(() => (message === this.#newest ? this.draw(message) : null));
  }

  /** @param {Message} message */
  async draw({ charts }) {
    await loadPlotly(this.plotlyUrl);
    const titles = new Set(charts.map((chart) => chart.title));
    for (const [title, { root, graph }] of this.#figures) {
      if (titles.has(title)) continue;
      plotly().purge(graph);
      root.remove();
      this.#figures.delete(title);
    }
    for (const chart of charts) await this.fill(this.figure(chart.title), chart);
    this.root.dataset.charts = String(charts.length);
  }

  /** @param {string} title */
  figure(title) {
    const known = this.#figures.get(title);
    if (known) return known;
    const caption = element("figcaption");
    const graph = graphElement({ class: "line-chart", role: "img" });
    const root = element("figure", {}, caption, graph);
    this.root.append(root);
    const figure = { root, caption, graph };
    this.#figures.set(title, figure);
    return figure;
  }

  /**
   * @param {Figure} figure
   * @param {Chart} chart
   */
  fill({ caption, graph }, { title, lines }) {
    const only = lines.length === 1 ? formatValue(lines[0].y.at(-1)) : "";
    const keys = lines.length > 1 ? lines.map(lineKey) : [];
    caption.replaceChildren(element("strong", {}, title), element("span", {}, only), ...keys);
    graph.setAttribute("aria-label", description(title, lines));
    return plotly().react(graph, lines.map(lineTrace), chartLayout(currentTheme(this.root), graph), CONFIG);
  }

  fit() {
    for (const { graph } of this.#figures.values()) {
      if (graph.data && graph.clientWidth) plotly().relayout(graph, { width: graph.clientWidth });
    }
  }
}

/**
 * Describe a chart for screen readers.
 *
 * @param {string} title
 * @param {Line[]} lines
 */
export function description(title, lines) {
  const ends = lines.map(({ name, x, y }) => `${name}: ${formatValue(y.at(-1))} at step ${formatCount(x.at(-1) ?? 0)}`);
  return `${title}; ${ends.join("; ")}`;
}

/** @param {Line} line */
function lineKey({ name, color, faint, y }) {
  const dot = element("i", { style: `background: ${color}; opacity: ${faint ? 0.45 : 1}` });
  return element("span", { class: "line-key" }, dot, `${name} ${formatValue(y.at(-1))}`);
}

/** @param {Line} line */
export function lineTrace({ name, color, faint, x, y }) {
  return {
    x, y, name: escapeHtml(name), type: "scatter",
    mode: !faint && x.length <= MOST_MARKERS ? "lines+markers" : "lines",
    opacity: faint ? 0.45 : 1, line: { color, width: faint ? 1.5 : 2 }, marker: { color, size: 5 },
    hovertemplate: "%{y:.4g} at step %{x:,}",
  };
}

/**
 * @param {import("../shared/colors.js").Theme} theme
 * @param {{ clientWidth: number, clientHeight: number }} size
 */
function chartLayout({ text, background, font }, { clientWidth, clientHeight }) {
  const axis = {
    nticks: 5, zeroline: false, automargin: true, exponentformat: "SI",
    gridcolor: mix(text, background, 0.12), linecolor: mix(text, background, 0.3),
  };
  return {
    width: clientWidth, height: clientHeight, margin: { l: 6, r: 10, t: 6, b: 6 }, showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x", dragmode: "zoom",
    font: { family: font, size: 11, color: mix(text, background, 0.8) }, hoverlabel: { bgcolor: background },
    xaxis: { ...axis }, yaxis: { ...axis }, uirevision: "constant",
  };
}

export const update = mount((parent, plotlyUrl) => {
  addStyles("line_charts.css", import.meta.url);
  return new LineCharts(parent, plotlyUrl);
});
