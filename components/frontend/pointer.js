// Clicks and hovering, decided by us alike in 2D and 3D: a drag that starts on a point is no click.
//
// plotly.js emits plotly_click on mouse *down* in 3D, so that every rotation would select a point.

const SLOP = 4; // px that the pointer may move between down and up
const RADIUS = 9; // px around the pointer in which a point is meant

/** Listen on `node`; call `pickAt(x, y, radius)` for rows, `clicked(row or null, {x, y} or nothing)` and `hovered(row, x, y)`. */
export function listen(node, { pickAt, clicked, hovered }) {
  let down = null;
  let waiting = null;
  const place = (event) => {
    const box = node.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const onDown = (event) => {
    const plot = event.target.closest?.(".js-plotly-plot");
    if (event.isPrimary && event.button === 0 && plot && !event.target.closest(".modebar")) {
      down = { ...place(event), moved: false };
    }
  };
  const onMove = (event) => {
    const at = place(event);
    if (down) {
      down.moved ||= Math.hypot(at.x - down.x, at.y - down.y) > SLOP;
      if (down.moved) hovered(null);
      return;
    }
    if (event.pointerType === "touch" || !node.contains(event.target)) return;
    if (event.target.closest(".map-legend, .modebar")) return hovered(null);
    if (waiting) cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => hovered(pickAt(at.x, at.y, RADIUS), at.x, at.y));
  };
  const onUp = (event) => {
    const start = down;
    down = null;
    if (!start || start.moved) return;
    const at = place(event);
    if (Math.hypot(at.x - start.x, at.y - start.y) > SLOP) return;
    const row = pickAt(at.x, at.y, event.pointerType === "touch" ? 2 * RADIUS : RADIUS);
    clicked(row, at);
  };
  const onKey = (event) => {
    if (event.key === "Escape" && !event.target.closest?.("input, [role=dialog]")) clicked(null);
  };
  const onCancel = () => {
    down = null; // the browser took the pointer, to scroll or to pinch
  };
  const onLeave = () => {
    if (waiting) cancelAnimationFrame(waiting);
    hovered(null);
  };
  node.addEventListener("pointerdown", onDown, true);
  node.addEventListener("pointerleave", onLeave);
  window.addEventListener("pointermove", onMove, true);
  window.addEventListener("pointerup", onUp, true);
  window.addEventListener("pointercancel", onCancel, true);
  window.addEventListener("keydown", onKey);
  return () => {
    window.removeEventListener("pointercancel", onCancel, true);
    window.removeEventListener("keydown", onKey);
    window.removeEventListener("pointermove", onMove, true);
    window.removeEventListener("pointerup", onUp, true);
  };
}
