// @ts-check
// A figure as SVG: circles, lines and texts; a great many points as an image.
import { countDots, readColor } from "./marks.js";

/** @typedef {import("./marks.js").Dots} Dots */
/** @typedef {import("./marks.js").Figure} Figure */
/** @typedef {import("./marks.js").Image} Image */
/** @typedef {import("./marks.js").Mark} Mark */

/**
 * @typedef {object} Rasterize
 * @property {(figure: Figure) => Promise<string>} points Return the dots and what is below them as the URL of a PNG
 *   that fills the plot; called above MOST_SHAPES.
 * @property {(image: HTMLImageElement) => string} image Return the URL of an image, which holds its pixels.
 */

/** Points up to which SVG and PDF have each as a shape of its own. */
export const MOST_SHAPES = 20_000;

/**
 * Return the figure as the text of an SVG file.
 *
 * @param {Figure} figure
 * @param {Rasterize} rasterize
 */
export async function toSvg(figure, rasterize) {
  const { width, height, plot, background, font, opacity } = figure;
  const box = attributes({ x: plot.x, y: plot.y, width: plot.width, height: plot.height });
  const isImage = countDots(figure) > MOST_SHAPES;
  const draw = (/** @type {Mark} */ one) => (one.kind === "image" ? image(one, rasterize.image(one.image)) : mark(one));
  const points = isImage
    ? [`<image ${box} href="${await rasterize.points(figure)}"/>`]
    : [...figure.below.map(draw), ...figure.dots.map(dots)];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${attributes({ width, height })} viewBox="0 0 ${width} ${height}"`
      + ` font-family="${escapeXml(font)}">`,
    `<title>${escapeXml(figure.title)}</title>`,
    `<clipPath id="plot"><rect ${box}/></clipPath>`,
    ...(background ? [`<rect class="background" ${attributes({ width, height })}${paint("fill", background)}/>`] : []),
    `<g class="points" clip-path="url(#plot)"${isImage || opacity === 1 ? "" : ` opacity="${opacity}"`}>`,
    ...points,
    "</g>",
    `<g class="marks" clip-path="url(#plot)">`,
    ...figure.marks.map(draw),
    "</g>",
    `<g class="key">`,
    ...figure.key.map(draw),
    "</g>",
    "</svg>",
    "",
  ].join("\n");
}

/** @param {Dots} dots */
function dots({ name, radius, radii, opacity, palette, codes, xs, ys }) {
  const circles = Array.from(xs, (x, i) => {
    const own = codes ? paint("fill", palette[codes[i]]) : "";
    const r = number(radii?.[i] ?? radius);
    return `<circle cx="${number(x)}" cy="${number(ys[i])}" r="${r}"${own}/>`;
  });
  const all = codes ? "" : paint("fill", palette[0]);
  return [`<g aria-label="${escapeXml(name)}" fill-opacity="${number(opacity)}"${all}>`, ...circles, "</g>"].join("\n");
}

/** @param {Exclude<Mark, Image>} shape */
function mark(shape) {
  switch (shape.kind) {
    case "circle": {
      const { x, y, radius, fill, stroke, width } = shape;
      const edge = stroke ? paint("stroke", stroke) + ` stroke-width="${number(width)}"` : "";
      const inside = fill ? paint("fill", fill) : ' fill="none"';
      return `<circle ${attributes({ cx: x, cy: y, r: radius })}${inside}${edge}/>`;
    }
    case "line": {
      const { from, to, color, width } = shape;
      const ends = attributes({ x1: from.x, y1: from.y, x2: to.x, y2: to.y });
      return `<line ${ends}${paint("stroke", color)} stroke-width="${number(width)}"/>`;
    }
    case "shape": {
      const { rings, fill, stroke, width } = shape;
      const path = rings.map((ring) => `M${ring.map(({ x, y }) => `${number(x)} ${number(y)}`).join("L")}Z`).join("");
      const edge = stroke ? paint("stroke", stroke) + ` stroke-width="${number(width)}"` : "";
      return `<path d="${path}"${fill ? paint("fill", fill) : ' fill="none"'}${edge}/>`;
    }
    case "text":
      return text(shape);
    case "ramp":
      return ramp(shape);
  }
}

/**
 * @param {Image} image
 * @param {string} url
 */
function image({ x, y, width, height, opacity, isSmooth }, url) {
  const pale = opacity === 1 ? "" : ` opacity="${number(opacity)}"`;
  const sharp = isSmooth ? "" : ' style="image-rendering: pixelated"';
  return `<image ${attributes({ x, y, width, height })} preserveAspectRatio="none"${pale}${sharp} href="${url}"/>`;
}

/**
 * The length is that on the screen, also in a reader without the font.
 *
 * @param {import("./marks.js").Text} shape
 */
function text({ text: content, x, y, size, weight, color, anchor, length, halo, turned }) {
  const around = halo
    ? `${paint("stroke", halo.color)} stroke-width="${number(halo.width)}" stroke-linejoin="round" paint-order="stroke"`
    : "";
  const turn = turned ? ` transform="rotate(90 ${number(x)} ${number(y)})"` : "";
  const place = anchor === "start" ? "" : ` text-anchor="${anchor}"`;
  const fitted = length ? ` textLength="${number(length)}" lengthAdjust="spacingAndGlyphs"` : "";
  const style = `font-size="${number(size)}" font-weight="${weight}"${fitted}`;
  return `<text ${attributes({ x, y })} ${style}${place}${paint("fill", color)}${around}${turn}>`
    + `${escapeXml(content)}</text>`;
}

/** @param {import("./marks.js").Ramp} shape */
function ramp({ x, y, width, height, colors }) {
  const id = `ramp-${number(x)}-${number(y)}`;
  const direction = height > width ? 'x1="0" y1="1" x2="0" y2="0"' : 'x1="0" y1="0" x2="1" y2="0"';
  const stops = colors.map((color, i) => {
    const [red, green, blue] = readColor(color);
    return `<stop offset="${number(i / (colors.length - 1))}" stop-color="rgb(${red},${green},${blue})"/>`;
  });
  return `<linearGradient id="${id}" ${direction}>${stops.join("")}</linearGradient>`
    + `<rect ${attributes({ x, y, width, height })} fill="url(#${id})"/>`;
}

/** @param {Record<string, number>} values */
const attributes = (values) => Object.entries(values).map(([name, value]) => `${name}="${number(value)}"`).join(" ");

/**
 * @param {"fill" | "stroke"} what
 * @param {string} color
 */
function paint(what, color) {
  const [red, green, blue, opacity] = readColor(color);
  const hex = [red, green, blue].map((value) => Math.round(value).toString(16).padStart(2, "0")).join("");
  return ` ${what}="#${hex}"${opacity < 1 ? ` ${what}-opacity="${number(opacity)}"` : ""}`;
}

/** @param {number} value */
const number = (value) => String(Number(value.toFixed(2)));

/**
 * Escape a text for XML, which has no place for control characters.
 *
 * @param {string} content
 */
function escapeXml(content) {
  // eslint-disable-next-line no-control-regex
  return content.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "\ufffd").replace(/&/g, "&amp;")
    .replace(/</g, "&lt;").replace(/>/g, "&gt;").replace(/"/g, "&quot;");
}
