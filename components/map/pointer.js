// @ts-check
// Clicks and hovering, recognized alike in 2D and 3D: a drag that starts on a point is no click.
//
// (plotly.js emits plotly_click on mouse *down* in 3D, so that every rotation would select a point.)

const SLOP = 4; // px that the pointer may move between down and up
const RADIUS = 9; // px around the pointer within which a point is picked

/** @typedef {{ x: number, y: number }} Place In px of the map's element. */

/**
 * @typedef {object} Handlers
 * @property {(x: number, y: number, radius: number) => number | null} pickAt Return a row.
 * @property {(row: number | null, at: Place, event: PointerEvent) => void} clicked
 * @property {(event: PointerEvent) => void} pressed called before the plot answers
 * @property {(row: number | null, at: Place | null) => void} hovered
 */

/**
 * Listen to the pointer; return the function that ends this.
 *
 * @param {HTMLElement} node
 * @param {Handlers} handlers
 */
export function listen(node, { pickAt, clicked, pressed, hovered }) {
  /** @type {(Place & { moved: boolean }) | null} */
  let down = null;
  let frame = 0;
  const place = (/** @type {PointerEvent} */ event) => {
    const box = node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const leave = () => {
    cancelAnimationFrame(frame);
    hovered(null, null);
  };
  const onDown = (/** @type {PointerEvent} */ event) => {
    if (event.isPrimary && event.button === 0 && isOn(event, ".js-plotly-plot") && !isOn(event, ".modebar")) {
      down = { ...place(event), moved: false };
      pressed(event);
    }
  };
  const onMove = (/** @type {PointerEvent} */ event) => {
    const at = place(event);
    if (down) {
      down.moved ||= Math.hypot(at.x - down.x, at.y - down.y) > SLOP;
      if (down.moved) leave();
    } else if (event.pointerType === "touch" || !node.contains(/** @type {Node} */ (event.target))) {
      return;
    } else if (isOn(event, ".map-legend, .modebar")) {
      leave();
    } else {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(() => hovered(pickAt(at.x, at.y, RADIUS), at));
    }
  };
  const onUp = (/** @type {PointerEvent} */ event) => {
    const start = down;
    down = null;
    if (!start || start.moved) return;
    const at = place(event);
    if (Math.hypot(at.x - start.x, at.y - start.y) > SLOP) return;
    clicked(pickAt(at.x, at.y, event.pointerType === "touch" ? 2 * RADIUS : RADIUS), at, event);
  };
  const onCancel = () => {
    down = null; // the browser took the pointer, to scroll or to pinch
  };
  node.addEventListener("pointerdown", onDown, true);
  node.addEventListener("pointerleave", leave);
  window.addEventListener("pointermove", onMove, true);
  window.addEventListener("pointerup", onUp, true);
  window.addEventListener("pointercancel", onCancel, true);
  return () => {
    window.removeEventListener("pointermove", onMove, true);
    window.removeEventListener("pointerup", onUp, true);
    window.removeEventListener("pointercancel", onCancel, true);
    leave();
  };
}

/** @typedef {"replace" | "add" | "subtract"} Mode What selected rows do to the selection that there is. */

/**
 * Return what rows do that are selected with the keys that are held: Shift adds, Alt subtracts.
 *
 * @param {{ shiftKey: boolean, altKey: boolean }} event
 * @returns {Mode}
 */
export function modeOf({ shiftKey, altKey }) {
  if (altKey) return "subtract";
  return shiftKey ? "add" : "replace";
}

/**
 * @param {Event} event
 * @param {string} selector
 */
export function isOn(event, selector) {
  return event.target instanceof Element && event.target.closest(selector) !== null;
}
