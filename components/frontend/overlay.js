// The canvas above the points: ring, lines to the neighbors and their labels, search hits.
import { fade } from "./traces.js";

const LABELS = 30; // labels drawn at most; all neighbors are listed in the inspector

/** Fit the canvas to its element, in device pixels, and return its empty context. */
function prepare(canvas) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio); // setting the size empties a canvas
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/**
 * Draw what stands out.
 *
 * `focus` is {row, rows, nearness} or null: the clicked row and its neighbors, nearness 0 to 1, or
 * with row null what lies near something that is no item, at `spot` or nowhere on the map;
 * `hits` are rows that a search found; `hovered` is a row or null; `spot` a place in 2D or null.
 */
export function drawOverlay(canvas, { view, focus, hits, hovered, spot, labels, styles }) {
  // an emptied canvas may stay on the screen as it was until something else is painted
  canvas.style.visibility = focus || hits.length || hovered !== null || spot ? "visible" : "hidden";
  const context = prepare(canvas);
  view.look();
  const taken = [];
  for (const row of hits) dot(context, view.project(row), 4, "#e8770c", styles.background);
  const from = spot ? view.place(...spot) : null;
  if (focus) drawFocus(context, view, focus, from, labels, styles, taken);
  if (from) cross(context, from, styles.accent);
  const at = hovered === null ? null : view.project(hovered);
  if (at) {
    ring(context, at, 7, 1.5, styles.text);
    if (labels) label(context, at, labels[hovered], styles, taken, true);
  }
}

function drawFocus(context, view, focus, from, labels, styles, taken) {
  const own = focus.row === null ? null : view.project(focus.row);
  const center = own ?? from;
  const places = focus.rows.map((row) => view.project(row));
  if (center) {
    places.forEach((at, i) => {
      if (!at) return;
      context.strokeStyle = fade(styles.accent, 0.15 + 0.45 * focus.nearness[i]);
      context.lineWidth = 1;
      context.beginPath();
      context.moveTo(center.x, center.y);
      context.lineTo(at.x, at.y);
      context.stroke();
    });
  }
  for (let i = places.length - 1; i >= 0; i--) {
    const color = fade(styles.accent, 0.35 + 0.65 * focus.nearness[i]);
    dot(context, places[i], 3.5 + 1.5 * focus.nearness[i], color, styles.background);
  }
  if (own) {
    dot(context, own, 5, styles.accent, styles.background);
    ring(context, own, 10, 2, styles.accent);
    if (labels) label(context, own, labels[focus.row], styles, taken, true, 12);
  }
  if (!labels) return;
  places.slice(0, LABELS).forEach((at, i) => {
    if (at) label(context, at, labels[focus.rows[i]], styles, taken, false);
  });
}

function dot(context, at, radius, color, edge) {
  if (!at) return;
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.fillStyle = edge; // translucent fills would let the points below shine through
  context.fill();
  context.fillStyle = color;
  context.fill();
  context.strokeStyle = edge;
  context.lineWidth = 1;
  context.stroke();
}

function cross(context, { x, y }, color) {
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [0, 1]]) {
    context.moveTo(x - 9 * dx, y - 9 * dy);
    context.lineTo(x + 9 * dx, y + 9 * dy);
  }
  context.strokeStyle = color;
  context.lineWidth = 2.5;
  context.stroke();
}

function ring(context, at, radius, width, color) {
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

/** Draw a label beside a point, right or left or above or below, where no other label stands. */
function label(context, at, text, styles, taken, strong, gap = 8) {
  const short = text.length > 28 ? `${text.slice(0, 27)}…` : text;
  context.font = `${strong ? 600 : 400} 12px ${styles.font}`;
  const width = context.measureText(short).width;
  const places = [
    [at.x + gap, at.y - 8], [at.x - gap - width, at.y - 8],
    [at.x - width / 2, at.y - gap - 16], [at.x - width / 2, at.y + gap],
  ];
  for (const [x, y] of places) {
    const clash = taken.some((t) => x < t.x + t.w && x + width > t.x && y < t.y + 16 && y + 16 > t.y);
    const inside = x >= 0 && x + width <= context.canvas.clientWidth;
    if ((clash || !inside) && !strong) continue;
    taken.push({ x, y, w: width });
    context.lineWidth = 3.5;
    context.lineJoin = "round";
    context.strokeStyle = fade(styles.background, 0.85);
    context.textBaseline = "top";
    context.strokeText(short, x, y + 1);
    context.fillStyle = styles.text;
    context.fillText(short, x, y + 1);
    return;
  }
}

/** Without WebGL: a plain picture of the points, drawn on the canvas below the overlay. */
export function drawPlain(canvas, { view, drawn, colorOf, style }) {
  const context = prepare(canvas);
  view.look();
  context.globalAlpha = style.opacity;
  const side = Math.max(1.5, style.size * 0.8);
  for (let row = 0; row < drawn.length; row++) {
    if (!drawn[row]) continue;
    const at = view.project(row);
    context.fillStyle = colorOf(row);
    context.fillRect(at.x - side / 2, at.y - side / 2, side, side);
  }
}
