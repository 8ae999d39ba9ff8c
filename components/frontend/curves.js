// Curves by step: a small chart a quantity, drawn again in place as they grow.
import { loadPlotly } from "./plotly.js";
import { addStyles, element, format, queue, theme } from "./shared.js";
import { mix } from "./traces.js";

const instances = new WeakMap();
const CONFIG = { displayModeBar: false, responsive: false, doubleClick: "reset" };

/** Called by Streamlit on mount and at every change of data or theme; returns the clean-up. */
export function update({ data, parentElement }, plotlyUrl) {
  let charts = instances.get(parentElement);
  if (!charts) {
    addStyles();
    charts = new Charts(parentElement, plotlyUrl);
    instances.set(parentElement, charts);
  }
  charts.latest = data;
  charts.enqueue(() => (data === charts.latest ? charts.draw(data) : null)); // the newest is enough
  return () => {
    charts.destroy();
    instances.delete(parentElement);
  };
}

class Charts {
  constructor(parent, plotlyUrl) {
    this.plotlyUrl = plotlyUrl;
    this.root = element("div", { class: "line-charts" });
    this.known = new Map(); // title -> figure
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(this.root);
    this.enqueue = queue((error) => this.root.replaceChildren(error.message));
    parent.append(this.root);
  }

  async draw({ charts }) {
    await loadPlotly(this.plotlyUrl);
    const titles = new Set(charts.map((chart) => chart.title));
    for (const [title, figure] of this.known) {
      if (titles.has(title)) continue;
      window.Plotly.purge(figure.graph);
      figure.remove();
      this.known.delete(title);
    }
    for (const chart of charts) {
      if (!this.known.has(chart.title)) this.known.set(chart.title, this.figure());
      await this.fill(this.known.get(chart.title), chart);
    }
    this.root.dataset.charts = charts.length;
  }

  figure() {
    const figure = element("figure");
    figure.head = element("figcaption");
    figure.graph = element("div", { class: "line-chart" });
    figure.append(figure.head, figure.graph);
    this.root.append(figure);
    return figure;
  }

  fill(figure, { title, lines }) {
    const last = lines.length === 1 ? written(lines[0].y.at(-1)) : "";
    figure.head.replaceChildren(
      element("strong", {}, title), element("span", {}, last),
      ...(lines.length > 1 ? lines.map(key) : []),
    );
    const said = lines.map(({ name, x, y }) => `${name}: ${written(y.at(-1))} at step ${format(x.at(-1))}`);
    figure.graph.setAttribute("role", "img");
    figure.graph.setAttribute("aria-label", `${title}; ${said.join("; ")}`);
    return window.Plotly.react(figure.graph, lines.map(trace), layout(theme(this.root), figure.graph), CONFIG);
  }

  fit() {
    for (const { graph } of this.known.values()) {
      if (graph.data && graph.clientWidth) window.Plotly.relayout(graph, { width: graph.clientWidth });
    }
  }

  destroy() {
    this.resized.disconnect();
    for (const { graph } of this.known.values()) window.Plotly?.purge(graph);
    this.root.remove();
  }
}

function key({ name, color, faint, y }) {
  const dot = element("i", { style: `background: ${color}; opacity: ${faint ? 0.45 : 1}` });
  return element("span", { class: "line-key" }, dot, `${name} ${written(y.at(-1))}`);
}

function trace({ name, color, faint, x, y }) {
  return {
    x, y, name: escaped(name), type: "scatter", mode: !faint && x.length <= 60 ? "lines+markers" : "lines",
    opacity: faint ? 0.45 : 1, line: { color, width: faint ? 1.5 : 2 }, marker: { color, size: 5 },
    hovertemplate: "%{y:.4g} at step %{x:,}",
  };
}

function layout({ text, background, font }, { clientWidth, clientHeight }) {
  const axis = {
    nticks: 5, zeroline: false, automargin: true, exponentformat: "SI",
    gridcolor: mix(text, background, 0.12), linecolor: mix(text, background, 0.3),
  };
  return {
    width: clientWidth, height: clientHeight, margin: { l: 6, r: 10, t: 6, b: 6 }, showlegend: false,
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", hovermode: "x", dragmode: "zoom",
    font: { family: font, size: 11, color: mix(text, background, 0.8) }, hoverlabel: { bgcolor: background },
    xaxis: { ...axis }, yaxis: { ...axis }, uirevision: "kept",
  };
}

const written = (value) => (value == null ? "" : Number(value.toPrecision(4)).toLocaleString("en-US", { maximumSignificantDigits: 4 }));
const escaped = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
