// @ts-check
// The elements of the map, above each other, and the room that they leave for the points.
import { element } from "../shared/dom.js";
import { graphElement } from "../shared/plotly.js";

/** @typedef {ReturnType<typeof buildElements>} MapElements */

const PHONE = 600; // px of the map up to which the legend lies above the points

/** Return the plot's element, canvases and cards; `under` is below the points. */
export function buildElements() {
  const under = element("canvas", { class: "map-under", "aria-hidden": "true", hidden: true });
  const graph = graphElement({ class: "map-graph" });
  const plain = element("canvas", { class: "map-plain", "aria-hidden": "true" });
  const canvas = element("canvas", { class: "map-overlay", "aria-hidden": "true" });
  const legend = element("div", { class: "map-legend", role: "group", "aria-label": "Legend" });
  const scale = element("div", { class: "map-similarity", hidden: true });
  const tooltip = element("div", { class: "map-tooltip", hidden: true });
  const status = element("div", { class: "map-message", role: "status" }, "Loading the map…");
  const root = element(
    "div",
    { "data-testid": "embedding-map", class: "embedding-map", role: "group", tabindex: "0" },
    under, graph, plain, canvas, legend, scale, tooltip, status,
  );
  return { root, under, graph, plain, canvas, legend, scale, tooltip, status };
}

/**
 * Return the room beside the legend, in px; a folded legend, and one on a phone, takes none.
 *
 * @param {Pick<MapElements, "root" | "legend">} elements
 */
export function roomBeside({ root, legend }) {
  const { clientWidth, clientHeight } = root;
  const isBeside = !legend.hidden && legend.dataset.folded === "false" && clientWidth > PHONE;
  const left = isBeside ? legend.offsetLeft + legend.offsetWidth + 4 : 0;
  return { left, width: clientWidth - left, height: clientHeight };
}
