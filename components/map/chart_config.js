// @ts-check
// The chart's buttons and gestures.
import { plotly } from "../shared/plotly.js";

/** The icon of "Full screen": arrows to the corners. */
const EXPAND = { width: 24, height: 24, path: "M3 3h8v3H6v5H3zM13 3h8v8h-3V6h-5zM3 13h3v5h5v3H3zM18 13h3v8h-8v-3h5z" };

/**
 * Have a map fill the screen, or no longer.
 *
 * @param {HTMLElement} graph
 */
export function fullScreen(graph) {
  if (document.fullscreenElement) document.exitFullscreen();
  else graph.closest(".embedding-map")?.requestFullscreen();
}

/**
 * Return plotly.js's configuration: buttons and gestures of the chart.
 *
 * Its own reset goes to the first view since the chart was made, of another layout or set.
 *
 * @param {2 | 3} dims
 * @param {() => void} reset
 */
export function chartConfig(dims, reset) {
  const { home: icon } = plotly().Icons;
  const home = { name: "reset", title: "Reset axes", attr: "zoom", val: "reset", icon, click: reset };
  const full = { name: "full", title: "Full screen", icon: EXPAND, click: fullScreen };
  const planar = [["pan2d", "select2d", "lasso2d"], ["zoomIn2d", "zoomOut2d", home], [full]];
  const spatial = [["orbitRotation", "pan3d", "zoom3d"], [home], [full]];
  return {
    displaylogo: false, scrollZoom: true, doubleClick: false, responsive: false,
    displayModeBar: true, modeBarButtons: dims === 2 ? planar : spatial,
  };
}
