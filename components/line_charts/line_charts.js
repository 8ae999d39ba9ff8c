// @ts-check
// Lines by step: a small chart for each quantity, drawn again in place as its lines grow.
import { currentTheme, mix } from "../shared/colors.js";
import { addStyles, element } from "../shared/dom.js";
import { mount, queue } from "../shared/mount.js";
import { graphElement, loadPlotly, plotly } from "../shared/plotly.js";
import { escapeHtml, formatCount, formatValue } from "../shared/text.js";

/** @typedef {{ name: string, color: string, x: number[], y: number[], faint: boolean }} Line */
/** @typedef {{ title: string, x_title: string, y_title: string, lines: Line[] }} Chart */
/**
 * @typedef {{ charts: Chart[], smoothing: number }} Message `smoothing` is the weight of the values
 *   before, 0 for none.
 */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyGraph} PlotlyGraph */
/**
 * @typedef {object} Figure
 * @property {HTMLElement} root
 * @property {HTMLElement} caption
 * @property {PlotlyGraph} graph
 * @property {HTMLElement} reading Read to screen readers when the arrow keys move along the lines.
 * @property {Chart} chart
 * @property {number} place Index of the step that the arrow keys have reached, -1 for none.
 */

const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "reset" };
const MOST_MARKERS = 60; // points of a line that are drawn with markers
/** @type {Record<string, number>} */
const STEPS = { ArrowLeft: -1, ArrowRight: 1, Home: -Infinity, End: Infinity };

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
  async draw({ charts, smoothing }) {
    await loadPlotly(this.plotlyUrl);
    const titles = new Set(charts.map((chart) => chart.title));
    for (const [title, { root, graph }] of this.#figures) {
      if (titles.has(title)) continue;
      plotly().purge(graph);
      root.remove();
      this.#figures.delete(title);
    }
    for (const chart of charts) await this.fill(this.figure(chart), chart, smoothing);
    this.root.dataset.charts = String(charts.length);
  }

  /** @param {Chart} chart */
  figure(chart) {
    const known = this.#figures.get(chart.title);
    if (known) return known;
    const caption = element("figcaption");
    const graph = graphElement({
      class: "line-chart", role: "img", tabindex: 0,
      onkeydown: (/** @type {KeyboardEvent} */ event) => move(figure, event),
      onblur: () => leave(figure),
    });
    const reading = element("p", { class: "line-reading", "aria-live": "polite" });
    const root = element("figure", {}, caption, graph, reading);
    this.root.append(root);
    /** @type {Figure} */
    const figure = { root, caption, graph, reading, chart, place: -1 };
    this.#figures.set(chart.title, figure);
    return figure;
  }

  /**
   * @param {Figure} figure
   * @param {Chart} chart
   * @param {number} smoothing
   */
  fill(figure, chart, smoothing) {
    const { title, lines } = chart;
    const { caption, graph } = figure;
    figure.chart = chart;
    const only = lines.length === 1 ? formatValue(lines[0].y.at(-1)) : "";
    const keys = lines.length > 1 ? lines.map(lineKey) : [];
    caption.replaceChildren(element("strong", {}, title), element("span", {}, only), ...keys);
    graph.setAttribute("aria-label", description(chart));
    const traces = lines.flatMap((line) => lineTraces(line, smoothing, chart.x_title));
    return plotly().react(graph, traces, chartLayout(currentTheme(this.root), graph, chart), CONFIG);
  }

  fit() {
    for (const { graph } of this.#figures.values()) {
      if (graph.data && graph.clientWidth) plotly().relayout(graph, { width: graph.clientWidth });
    }
  }
}

/**
 * Move along the lines with the arrow keys: the values of a step are shown, and read aloud.
 *
 * @param {Figure} figure
 * @param {KeyboardEvent} event
 */
function move(figure, event) {
  const step = STEPS[event.key];
  if (event.key === "Escape") leave(figure);
  if (step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const { lines, x_title: unit } = figure.chart;
  const steps = stepsOf(lines);
  figure.place = Math.min(Math.max(figure.place + step, 0), steps.length - 1);
  const at = steps[figure.place];
  figure.reading.textContent = `${unit} ${formatCount(at)}: ${valuesAt(lines, at)}`;
  plotly().Fx.hover(figure.graph, { xval: at }, ["xy"]);
}

/** @param {Figure} figure */
function leave(figure) {
  if (figure.place < 0) return;
  figure.place = -1;
  figure.reading.textContent = "";
  plotly().Fx.unhover(figure.graph);
}

/**
 * Return the steps at which any of the lines has a value, ascending.
 *
 * @param {Line[]} lines
 */
export function stepsOf(lines) {
  return [...new Set(lines.flatMap(({ x }) => x))].sort((a, b) => a - b);
}

/**
 * Return the values of the lines at a step as text.
 *
 * @param {Line[]} lines
 * @param {number} step
 */
export function valuesAt(lines, step) {
  const found = lines.map(({ name, x, y }) => ({ name, value: y[x.indexOf(step)] }));
  const known = found.filter(({ value }) => value != null);
  return known.map(({ name, value }) => `${name} ${formatValue(value)}`).join("; ");
}

/**
 * Describe a chart for screen readers.
 *
 * @param {Pick<Chart, "title" | "x_title" | "lines">} chart
 */
export function description({ title, x_title: unit, lines }) {
  const at = unit.toLowerCase();
  const ends = lines.map(
    ({ name, x, y }) => `${name}: ${formatValue(y.at(-1))} at ${at} ${formatCount(x.at(-1) ?? 0)}`,
  );
  return `${title} by ${at}; ${ends.join("; ")}`;
}

/** @param {Line} line */
function lineKey({ name, color, faint, y }) {
  const dot = element("i", { style: `background: ${color}; opacity: ${faint ? 0.45 : 1}` });
  return element("span", { class: "line-key" }, dot, `${name} ${formatValue(y.at(-1))}`);
}

/**
 * Return the exponential moving average of values, corrected for its start at zero (Kingma and Ba,
 * 2015, section 3). A missing value stays missing and does not count.
 *
 * @param {(number | null)[]} values
 * @param {number} weight of the average before each value, at least 0 and below 1
 */
export function smoothed(values, weight) {
  let average = 0, remaining = 1;
  return values.map((value) => {
    if (value == null) return value;
    average = weight * average + (1 - weight) * value;
    remaining *= weight;
    return average / (1 - remaining);
  });
}

/**
 * Return the traces of a line: the line itself; where it is smoothed, the average in front of it.
 *
 * @param {Line} line
 * @param {number} smoothing
 * @param {string} unit of the steps
 * @returns {Record<string, any>[]}
 */
export function lineTraces({ name, color, faint, x, y }, smoothing, unit) {
  const at = `at ${unit.toLowerCase()} %{x:,}`;
  const trace = {
    x, y, name: escapeHtml(name), type: "scatter",
    mode: !faint && x.length <= MOST_MARKERS ? "lines+markers" : "lines",
    opacity: faint ? 0.45 : 1, line: { color, width: faint ? 1.5 : 2 }, marker: { color, size: 5 },
    hovertemplate: `%{y:.4g} ${at}`,
  };
  if (!smoothing) return [trace];
  return [
    { ...trace, mode: "lines", opacity: 0.25, hoverinfo: "skip", hovertemplate: null },
    {
      ...trace, y: smoothed(y, smoothing), customdata: y, mode: "lines",
      hovertemplate: `%{y:.4g} (measured: %{customdata:.4g}) ${at}`,
    },
  ];
}

/**
 * @param {import("../shared/colors.js").Theme} theme
 * @param {{ clientWidth: number, clientHeight: number }} size
 * @param {Pick<Chart, "x_title" | "y_title">} titles
 */
function chartLayout({ text, background, font }, { clientWidth, clientHeight }, titles) {
  const axis = (/** @type {string} */ title) => ({
    nticks: 5, zeroline: false, automargin: true, exponentformat: "SI",
    gridcolor: mix(text, background, 0.12), linecolor: mix(text, background, 0.3),
    title: { text: escapeHtml(title), standoff: 6, font: { size: 11 } },
  });
  return {
    width: clientWidth, height: clientHeight, margin: { l: 6, r: 10, t: 6, b: 6 }, showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x", dragmode: "zoom",
    font: { family: font, size: 11, color: mix(text, background, 0.8) }, hoverlabel: { bgcolor: background },
    xaxis: axis(titles.x_title), yaxis: axis(titles.y_title), uirevision: "constant",
  };
}

export const update = mount((parent, plotlyUrl) => {
  addStyles("line_charts.css", import.meta.url);
  return new LineCharts(parent, plotlyUrl);
});
