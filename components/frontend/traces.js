// From points, colors and a mask to what plotly.js draws: one trace per category.
import { groupRows, markerStyle, take } from "./points.js";

export const GREY = "#8d96a3";
const MUTED_OPACITY = 0.12;

/**
 * Build the traces.
 *
 * `colors` is {kind: "categories", codes, names, palette} or {kind: "numbers", values, low,
 * high, ticks?: {values, texts}};
 * `mask` (0/1 per row, or null) says which rows stand out; the others are drawn muted, or left
 * out with `isolate`. Categories in `hidden` are not drawn.
 */
export function buildTraces({ points, colors, mask, isolate, hidden, styles, dots }) {
  const style = markerStyle(points.count, points.dims);
  const type = points.dims === 3 ? "scatter3d" : dots ? "scatter" : "scattergl";
  const base = {
    type, mode: "markers", hoverinfo: "skip", showlegend: false,
    ...(points.dims === 2 && { selectedpoints: null }), // what stands out is the mask's business
  };
  const trace = (rows, name, marker, extra = {}) => ({
    ...base, name, ...extra,
    ...Object.fromEntries(points.axes.map((axis, i) => ["xyz"[i], take(axis, rows)])),
    marker: { size: style.size, opacity: style.opacity, line: { width: 0 }, ...marker },
  });
  const codes = colors.kind === "categories" ? colors.codes : new Uint8Array(points.count);
  const groups = colors.kind === "categories" ? colors.names.length : 1;
  const traces = [];
  if (mask && !isolate) {
    const rest = groupRows(codes, groups, mask.map((kept) => 1 - kept));
    const rows = concat(rest.filter((_, code) => !hidden.has(code)));
    traces.push(trace(rows, "not selected", { color: GREY, opacity: MUTED_OPACITY }));
  }
  const grouped = groupRows(codes, groups, mask);
  if (colors.kind === "numbers") {
    const marker = {
      colorscale: "Viridis",
      cmin: colors.low, cmax: colors.high, showscale: true,
      colorbar: {
        title: { text: escapeHtml(colors.title), side: "right" }, thickness: 10, len: 0.5, x: 1,
        xanchor: "right", y: 0, yanchor: "bottom", outlinewidth: 0, tickfont: { color: styles.text },
        ...(colors.ticks && {
          tickmode: "array", tickvals: colors.ticks.values, ticktext: colors.ticks.texts,
        }),
      },
    };
    const missing = grouped[0].filter((row) => Number.isNaN(colors.values[row]));
    const rows = grouped[0].filter((row) => !Number.isNaN(colors.values[row]));
    if (missing.length) traces.push(trace(missing, "(missing)", { color: GREY }));
    marker.color = take(colors.values, rows);
    traces.push(trace(rows, colors.title, marker));
    return traces;
  }
  for (let code = groups - 1; code >= 0; code--) { // the largest category is drawn last
    const rows = grouped[code];
    traces.push(
      trace(rows, escapeHtml(colors.names[code]), { color: colors.palette[code] ?? GREY }, {
        visible: !hidden.has(code),
      }),
    );
  }
  return traces;
}

export function buildLayout(points, styles, size) {
  const shared = {
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    margin: { l: 0, r: 0, t: 0, b: 0 }, showlegend: false, hovermode: false,
    selectionrevision: performance.now(), font: { family: styles.font, color: styles.text },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: GREY, activecolor: styles.accent },
  };
  const bare = { visible: false, showgrid: false, zeroline: false, showspikes: false };
  if (points.dims === 2) {
    const range = fitRanges(points, size);
    return {
      ...shared, dragmode: "pan",
      xaxis: { ...bare, range: range[0] },
      yaxis: { ...bare, range: range[1], scaleanchor: "x" },
    };
  }
  const reach = points.reach * 1.02;
  const axis = {
    range: [-reach, reach], title: { text: "" }, showticklabels: false, showspikes: false,
    showbackground: false, zeroline: false,
    gridcolor: mix(styles.text, styles.background, 0.1), // plotly.js ignores alpha in 3D
    linecolor: mix(styles.text, styles.background, 0.22),
  };
  return {
    ...shared,
    scene: {
      xaxis: axis, yaxis: axis, zaxis: axis, dragmode: "orbit", hovermode: false,
      aspectmode: "manual", aspectratio: { x: reach, y: reach, z: reach },
      camera: { eye: { x: 1.1, y: 1.1, z: 0.7 }, projection: { type: "perspective" } },
    },
  };
}

/** Axis ranges of equal scale that hold the cloud with a small margin, mostly beside the legend. */
export function fitRanges(points, { width, height, legend = 0 }) {
  const pad = 1.06;
  const aside = width > 600 ? 0.7 * legend : 0; // px; a phone's legend is folded away
  const unit = Math.max(
    (2 * pad * points.extent[0]) / (width - aside), (2 * pad * points.extent[1]) / height,
  );
  const shift = (unit * aside) / 2;
  return [
    [-(unit * width) / 2 - shift, (unit * width) / 2 - shift],
    [-(unit * height) / 2, (unit * height) / 2],
  ];
}

/** Plotly renders a small HTML subset in names and titles: escape what comes from files. */
export function escapeHtml(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const probe = document.createElement("canvas").getContext("2d");

/** Red, green, blue (0 to 255) of a CSS color without alpha. */
function channels(color) {
  probe.fillStyle = color;
  return [1, 3, 5].map((i) => parseInt(probe.fillStyle.slice(i, i + 2), 16)); // #rrggbb by standard
}

export function fade(color, alpha) {
  return `rgba(${channels(color).join(", ")}, ${alpha})`;
}

/** The opaque color `share` of the way from `background` to `color`. */
export function mix(color, background, share) {
  const [a, b] = [channels(color), channels(background)];
  return `rgb(${a.map((value, i) => Math.round(b[i] + share * (value - b[i]))).join(", ")})`;
}

function concat(arrays) {
  const all = new Uint32Array(arrays.reduce((sum, a) => sum + a.length, 0));
  let at = 0;
  for (const a of arrays) {
    all.set(a, at);
    at += a.length;
  }
  return all;
}
