// @ts-check
// What a person does on the page of an exported HTML file, with the pointer and by keys.
import { pick } from "../map/projection.js";

/** @typedef {import("../map/canvas.js").Place} Place */
/** @typedef {import("./viewer.js").Viewer} Viewer */

const RADIUS = 9; // px around the pointer within which a point is picked

/**
 * Drag, zoom and point, until the page is closed.
 *
 * @param {Viewer} viewer
 */
export function listen(viewer) {
  const { root, view, legend } = viewer;
  /** @type {Place | null} */
  let dragged = null;
  const place = (/** @type {MouseEvent} */ event) => {
    const box = root.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  root.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || legend.contains(/** @type {Node} */ (event.target))) return;
    dragged = place(event);
    root.setPointerCapture(event.pointerId);
  });
  root.addEventListener("pointerup", () => (dragged = null));
  root.addEventListener("pointercancel", () => (dragged = null));
  root.addEventListener("pointerleave", () => viewer.hover(null, null));
  root.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (dragged) {
      view.drag(at.x - dragged.x, at.y - dragged.y);
      dragged = at;
      viewer.hover(null, null);
      viewer.move();
    } else if (legend.contains(/** @type {Node} */ (event.target))) {
      viewer.hover(null, null);
    } else {
      viewer.hover(pick(view, viewer.visible, at.x, at.y, RADIUS), at);
    }
  });
  root.addEventListener("wheel", (event) => {
    if (legend.contains(/** @type {Node} */ (event.target))) return;
    event.preventDefault();
    view.zoom(Math.exp(-event.deltaY / 400), place(event));
    viewer.move();
  }, { passive: false });
  root.addEventListener("dblclick", () => {
    view.reset();
    viewer.redraw();
  });
  root.addEventListener("keydown", (event) => {
    if (event.target !== root || !press(viewer, event.key)) return;
    event.preventDefault();
    viewer.move();
  });
}

/**
 * Move the view by a key; return whether it is a key that moves it.
 *
 * @param {Viewer} viewer
 * @param {string} key
 */
function press(viewer, key) {
  const { view } = viewer;
  const arrow = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] }[key];
  const factor = { "+": 1.3, "=": 1.3, "-": 1 / 1.3 }[key];
  const { left, width, height } = viewer.room();
  if (arrow) view.drag(arrow[0], arrow[1]);
  else if (factor) view.zoom(factor, { x: (left + width) / 2, y: height / 2 });
  else if (key === "0") view.reset();
  return Boolean(arrow || factor || key === "0");
}
