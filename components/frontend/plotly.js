// plotly.js itself: loading it, and how its chart is set up.
import { element } from "./shared.js";

/** Buttons and gestures of the chart. */
export function config(dims) {
  const flat = [["pan2d", "select2d", "lasso2d"], ["zoomIn2d", "zoomOut2d", "resetScale2d"], ["toImage"]];
  const solid = [["orbitRotation", "pan3d", "zoom3d"], ["resetCameraDefault3d"], ["toImage"]];
  return {
    displaylogo: false, scrollZoom: true, doubleClick: "reset", responsive: false,
    displayModeBar: true, modeBarButtons: dims === 2 ? flat : solid,
    toImageButtonOptions: { format: "png", filename: "embedding-map", scale: 2 },
  };
}

/** Whether this browser draws with WebGL. */
export function hasWebGL() {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
}

let loading = null;

/** Load plotly.js from its address, once a page. */
export function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve();
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", { src: new URL(url, document.baseURI).href });
    script.onload = resolve;
    script.onerror = () => reject(new Error(`${url} could not be loaded`));
    document.head.append(script);
  });
  return loading;
}
