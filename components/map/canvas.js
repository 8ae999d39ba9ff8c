// @ts-check
// Drawing on a canvas: dots, rings, crosses, labels, and all points where there is no WebGL.
import { fade } from "../shared/colors.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./projection.js").Projection} Projection */
/** @typedef {{ x: number, y: number }} Place In px of the canvas. */
/** @typedef {{ x: number, y: number, width: number, height?: number }} Box Of a label or an image. */

const LONGEST_LABEL = 28; // characters
const LABEL_HEIGHT = 16; // px

/**
 * Fit a canvas to its element, in device pixels, and return its empty context.
 *
 * @param {HTMLCanvasElement} canvas
 */
export function emptied(canvas) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = Math.round(canvas.clientWidth * ratio); // setting the size empties a canvas
  canvas.height = Math.round(canvas.clientHeight * ratio);
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return context;
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Place | null} at
 * @param {number} radius
 * @param {string} color
 * @param {string} edge
 */
export function drawDot(context, at, radius, color, edge) {
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

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Place} at
 * @param {number} radius
 * @param {number} width
 * @param {string} color
 */
export function drawRing(context, at, radius, width, color) {
  context.beginPath();
  context.arc(at.x, at.y, radius, 0, 2 * Math.PI);
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Place} at
 * @param {string} color
 */
export function drawCross(context, { x, y }, color) {
  context.beginPath();
  for (const [dx, dy] of [[1, 0], [0, 1]]) {
    context.moveTo(x - 9 * dx, y - 9 * dy);
    context.lineTo(x + 9 * dx, y + 9 * dy);
  }
  context.strokeStyle = color;
  context.lineWidth = 2.5;
  context.stroke();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Place} from
 * @param {Place} to
 * @param {string} color
 */
export function drawLine(context, from, to, color) {
  context.strokeStyle = color;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(from.x, from.y);
  context.lineTo(to.x, to.y);
  context.stroke();
}

/**
 * Draw a label to the right of a point, or left, above or below, where there is no other label.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Place} at
 * @param {string} text
 * @param {Theme} theme
 * @param {Box[]} taken the labels so far; this one is added
 * @param {{ strong?: boolean, gap?: number }} options `strong`: in bold, and always to
 *   the right of the point
 */
export function drawLabel(context, at, text, theme, taken, { strong = false, gap = 8 } = {}) {
  const short = shorten(text);
  context.font = `${strong ? 600 : 400} 12px ${theme.font}`;
  const { width } = context.measureText(short);
  const place = strong
    ? { x: at.x + gap, y: at.y - 8 }
    : freePlace(at, width, gap, taken, context.canvas.clientWidth);
  if (!place) return;
  taken.push({ ...place, width });
  context.lineWidth = 3.5;
  context.lineJoin = "round";
  context.strokeStyle = fade(theme.background, 0.85);
  context.textBaseline = "top";
  context.strokeText(short, place.x, place.y + 1);
  context.fillStyle = theme.text;
  context.fillText(short, place.x, place.y + 1);
}

/**
 * Write what is at the ends of the axes of a map in 2D at its edges.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {[string, string][]} axes the low and the high end of x and of y; "" for nothing
 * @param {number} left where the plot begins, in px
 * @param {Theme} theme
 */
export function drawAxes(context, [[west, east], [south, north]], left, theme) {
  const { clientWidth: width, clientHeight: height } = context.canvas;
  const middle = (left + width) / 2;
  context.save();
  context.font = `600 13px ${theme.font}`;
  context.lineJoin = "round";
  context.lineWidth = 4;
  context.textBaseline = "middle";
  /** @type {(text: string, x: number, y: number, align: CanvasTextAlign) => void} */
  const write = (text, x, y, align) => {
    context.textAlign = align;
    context.strokeStyle = fade(theme.background, 0.9);
    context.strokeText(text, x, y);
    context.fillStyle = fade(theme.text, 0.8);
    context.fillText(text, x, y);
  };
  if (west) write(`← ${shorten(west)}`, left + 10, height / 2, "left");
  if (east) write(`${shorten(east)} →`, width - 10, height / 2, "right");
  if (south) write(`↓ ${shorten(south)}`, middle, height - 14, "center");
  if (north) write(`↑ ${shorten(north)}`, middle, 34, "center"); // below the buttons
  context.restore();
}

/** @param {string} text */
export const shorten = (text) => (text.length > LONGEST_LABEL ? `${text.slice(0, LONGEST_LABEL - 1)}…` : text);

/**
 * Return where a label is clear of the others and of the canvas's sides, or null.
 *
 * @param {Place} at
 * @param {number} width
 * @param {number} gap
 * @param {Box[]} taken
 * @param {number} canvasWidth
 */
export function freePlace(at, width, gap, taken, canvasWidth) {
  const places = [
    { x: at.x + gap, y: at.y - 8 },
    { x: at.x - gap - width, y: at.y - 8 },
    { x: at.x - width / 2, y: at.y - gap - LABEL_HEIGHT },
    { x: at.x - width / 2, y: at.y + gap },
  ];
  const isFree = (/** @type {Place} */ { x, y }) =>
    x >= 0 && x + width <= canvasWidth
    && !taken.some((other) => x < other.x + other.width && x + width > other.x
      && y < other.y + (other.height ?? LABEL_HEIGHT) && y + LABEL_HEIGHT > other.y);
  return places.find(isFree) ?? null;
}

/**
 * Paint the visible points as small squares, from `left` on.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {Projection} projection
 * @param {Uint8Array} visible
 * @param {(row: number) => string} colorOf
 * @param {import("./points.js").PointStyle} style with diameter in px and opacity as they are drawn
 * @param {number} left in px
 */
export function paintPoints(canvas, projection, visible, colorOf, style, left) {
  const context = emptied(canvas);
  projection.refresh();
  context.globalAlpha = style.opacity;
  for (let row = 0; row < visible.length; row++) {
    const at = visible[row] ? projection.project(row) : null;
    if (!at || at.x < left) continue;
    const side = Math.max(1.5, style.size * 0.8 * (style.diameters?.[row] ?? 1));
    context.fillStyle = colorOf(row);
    context.fillRect(at.x - side / 2, at.y - side / 2, side, side);
  }
}
