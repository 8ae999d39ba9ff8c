// @ts-check
// plotly.js itself: loading it, and what it draws in and with.
import { element } from "./dom.js";

/** @typedef {import("./plotly_types.d.ts").PlotlyGraph} PlotlyGraph */

/** @type {Promise<void> | null} */
let loading = null;

/**
 * Load plotly.js from its address, once a page.
 *
 * @param {string} url
 * @returns {Promise<void>}
 */
export function loadPlotly(url) {
  if (window.Plotly) return Promise.resolve();
  loading ??= new Promise((resolve, reject) => {
    const script = element("script", { src: new URL(url, document.baseURI).href });
    script.onload = () => resolve();
    script.onerror = () => {
      loading = null; // tried again next time
      script.remove();
      reject(new Error(`${url} could not be loaded`));
    };
    document.head.append(script);
  });
  return loading;
}

/**
 * Return plotly.js, which `loadPlotly` has loaded.
 *
 * @returns {import("./plotly_types.d.ts").Plotly}
 */
export function plotly() {
  if (!window.Plotly) throw new Error("plotly.js is not loaded");
  return window.Plotly;
}

/**
 * Return an element for plotly.js to draw in.
 *
 * @param {Record<string, any>} attributes
 */
export function graphElement(attributes) {
  return /** @type {PlotlyGraph} */ (/** @type {unknown} */ (element("div", attributes)));
}

/** Return whether this browser draws with WebGL. */
export function hasWebGL() {
  const context = document.createElement("canvas").getContext("webgl");
  context?.getExtension("WEBGL_lose_context")?.loseContext();
  return Boolean(context);
}
