// What a person does on the map becomes an event for Python, or another view of the same points.
import { groupRows, packBits } from "./points.js";
import { insideOf } from "./regions.js";

/** What the legend's buttons do: show a category alone, hide it, show all, select its rows. */
export function legendActions(map) {
  const all = () => map.colors.names.map((_, code) => code);
  const change = (hidden) => map.enqueue(async () => {
    map.hidden = hidden;
    await map.draw();
    map.redraw();
  });
  return {
    solo: (code) => {
      const alone = map.hidden.size === all().length - 1 && !map.hidden.has(code);
      change(new Set(alone ? [] : all().filter((other) => other !== code)));
    },
    hide: (code) => {
      const hidden = new Set(map.hidden);
      if (!hidden.delete(code)) hidden.add(code);
      change(hidden);
    },
    showAll: () => change(new Set()),
    select: (code) => {
      const rows = groupRows(map.colors.codes, map.colors.names.length)[code];
      emitSelection(map, rows, map.colors.names[code]);
    },
  };
}

/** A box or a lasso, as plotly.js tells it, selects the rows that are drawn inside. */
export function select(map, event) {
  if (!event?.range && !event?.lassoPoints) return;
  const inside = insideOf(event);
  const [x, y] = map.points.axes;
  const rows = [];
  for (let row = 0; row < map.drawn.length; row++) {
    if (map.drawn[row] && inside(x[row], y[row])) rows.push(row);
  }
  window.Plotly.relayout(map.graph, { selections: [] });
  map.look = null; // plotly.js dimmed what it found: draw again whatever Python answers
  if (rows.length) emitSelection(map, rows, event.range ? "box" : "lasso");
  else map.enqueue(() => map.apply(map.data));
}

function emitSelection(map, rows, name) {
  const bits = packBits(rows, map.points.count);
  let text = "";
  for (let i = 0; i < bits.length; i += 8192) {
    text += String.fromCharCode(...bits.subarray(i, i + 8192));
  }
  map.emit({
    type: "select", bits: btoa(text), name, nonce: performance.now(),
  });
}

/** A click on a point goes there; one on empty ground, or Escape, lets go, or asks what is there. */
export function clicked(map, row, at) {
  if (row !== null) map.emit({ type: "click", row, nonce: performance.now() });
  else if (at && map.data?.ground && map.view) {
    map.view.look();
    const { center, half } = map.flat;
    const place = map.view.unproject(at.x, at.y).map((v, axis) => center[axis] + half * v);
    map.emit({ type: "ground", place, nonce: performance.now() });
  } else if (map.focus || map.mask) map.emit({ type: "clear", nonce: performance.now() });
}
