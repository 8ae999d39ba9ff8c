// @ts-check
// A figure painted on a canvas: PNG of any scale, and the image that SVG and PDF have for many points.

/** @typedef {import("./marks.js").Figure} Figure */
/** @typedef {import("./marks.js").Mark} Mark */

const AT_ONCE = 5_000; // points that are painted before the page has a turn
const IMAGE_SCALE = 3; // pixels per px of an image within SVG and PDF: 288 dpi

/**
 * Return the figure as a PNG.
 *
 * @param {Figure} figure
 * @param {number} scale pixels per px
 */
export async function toPng(figure, scale) {
  const { canvas, context } = makeCanvas(figure.width, figure.height, scale);
  if (figure.background) {
    context.fillStyle = figure.background;
    context.fillRect(0, 0, figure.width, figure.height);
  }
  const { plot } = figure;
  context.drawImage(await paintPoints(figure, scale), plot.x, plot.y, plot.width, plot.height);
  context.save();
  context.beginPath();
  context.rect(plot.x, plot.y, plot.width, plot.height);
  context.clip();
  figure.marks.forEach((mark) => paintMark(context, mark, figure.font));
  context.restore();
  figure.key.forEach((mark) => paintMark(context, mark, figure.font));
  return toBlob(canvas);
}

/**
 * Return the dots of a figure, and what is below them, as a canvas that fills its plot.
 *
 * @param {Figure} figure
 * @param {number} [scale] pixels per px
 */
export async function paintPoints(figure, scale = IMAGE_SCALE) {
  const { plot, opacity, below, dots } = figure;
  const { canvas, context } = makeCanvas(plot.width, plot.height, scale);
  context.translate(-plot.x, -plot.y);
  below.forEach((mark) => paintMark(context, mark, figure.font));
  let painted = 0;
  for (const { radius, radii, opacity: own, palette, codes, xs, ys } of dots) {
    context.globalAlpha = own;
    context.fillStyle = palette[0];
    for (let i = 0; i < xs.length; i++) {
      if (codes && (i === 0 || codes[i] !== codes[i - 1])) context.fillStyle = palette[codes[i]];
      context.beginPath();
      context.arc(xs[i], ys[i], radii?.[i] ?? radius, 0, 2 * Math.PI);
      context.fill();
      if (++painted % AT_ONCE === 0) await turn();
    }
  }
  if (opacity === 1) return canvas;
  const faded = makeCanvas(plot.width, plot.height, scale);
  faded.context.globalAlpha = opacity; // of all together, not of each
  faded.context.drawImage(canvas, 0, 0, plot.width, plot.height);
  return faded.canvas;
}

/**
 * Return the same as the URL of a PNG.
 *
 * @param {Figure} figure
 */
export async function pointsUrl(figure) {
  return (await paintPoints(figure)).toDataURL("image/png");
}

/**
 * Return an image, in its own size, as a canvas.
 *
 * @param {HTMLImageElement} image
 */
export function canvasOf(image) {
  const { canvas, context } = makeCanvas(image.naturalWidth, image.naturalHeight, 1);
  context.drawImage(image, 0, 0);
  return canvas;
}

/**
 * @param {number} width in px
 * @param {number} height
 * @param {number} scale
 */
export function makeCanvas(width, height, scale) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser has no memory for an image of that size");
  context.scale(canvas.width / width, canvas.height / height);
  return { canvas, context };
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Mark} mark
 * @param {string} font
 */
export function paintMark(context, mark, font) {
  context.beginPath();
  if (mark.kind === "circle") {
    context.arc(mark.x, mark.y, mark.radius, 0, 2 * Math.PI);
    if (mark.fill) {
      context.fillStyle = mark.fill;
      context.fill();
    }
    if (mark.stroke) stroke(context, mark.stroke, mark.width);
  } else if (mark.kind === "line") {
    context.moveTo(mark.from.x, mark.from.y);
    context.lineTo(mark.to.x, mark.to.y);
    stroke(context, mark.color, mark.width);
  } else if (mark.kind === "shape") {
    for (const ring of mark.rings) {
      ring.forEach(({ x, y }, i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
      context.closePath();
    }
    if (mark.fill) {
      context.fillStyle = mark.fill;
      context.fill();
    }
    if (mark.stroke) stroke(context, mark.stroke, mark.width);
  } else if (mark.kind === "ramp") {
    const { x, y, width, height, colors } = mark;
    const gradient = height > width
      ? context.createLinearGradient(0, y + height, 0, y)
      : context.createLinearGradient(x, 0, x + width, 0);
    colors.forEach((color, i) => gradient.addColorStop(i / (colors.length - 1), color));
    context.fillStyle = gradient;
    context.fillRect(x, y, width, height);
  } else if (mark.kind === "image") {
    context.save();
    context.globalAlpha = mark.opacity;
    context.imageSmoothingEnabled = mark.isSmooth;
    context.drawImage(mark.image, mark.x, mark.y, mark.width, mark.height);
    context.restore();
  } else {
    paintText(context, mark, font);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {import("./marks.js").Text} mark
 * @param {string} font
 */
function paintText(context, { text, x, y, size, weight, color, anchor, halo, turned }, font) {
  context.save();
  context.translate(x, y);
  if (turned) context.rotate(Math.PI / 2);
  context.font = `${weight} ${size}px ${font}`;
  context.textAlign = anchor === "middle" ? "center" : anchor;
  context.lineJoin = "round";
  if (halo) {
    context.strokeStyle = halo.color;
    context.lineWidth = halo.width;
    context.strokeText(text, 0, 0);
  }
  context.fillStyle = color;
  context.fillText(text, 0, 0);
  context.restore();
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {string} color
 * @param {number} width
 */
function stroke(context, color, width) {
  context.strokeStyle = color;
  context.lineWidth = width;
  context.stroke();
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
function toBlob(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => {
      if (blob) resolve(blob);
      else reject(new Error("this browser could not write the image; choose a smaller size"));
    }, "image/png");
  });
}

/** Let the page answer what the person does. */
const turn = () => new Promise((resolve) => setTimeout(resolve));
