// @ts-check
// A figure as PDF: one page, with dots, lines and texts; a great many points as an image.
// (ISO 32000-1: 8.5 on paths, 8.9 on images, 11.6 on transparency.)
import { countDots, readColor } from "./marks.js";
import { Objects } from "./pdf_objects.js";
import { encode, fontOf, hex, InvisibleFonts, widthOf } from "./pdf_text.js";
import { MOST_SHAPES } from "./svg.js";

/** @typedef {import("./marks.js").Dots} Dots */
/** @typedef {import("./marks.js").Figure} Figure */
/** @typedef {import("./marks.js").Mark} Mark */
/** @typedef {import("./marks.js").Text} Text */
/** @typedef {{ width: number, height: number, data: Uint8ClampedArray }} Pixels Red, green, blue, opacity. */

/**
 * @typedef {object} Rasterize
 * @property {(figure: Figure) => Promise<Pixels>} points Return the dots and what is below them, to fill the plot.
 * @property {(text: Text, box: import("./marks.js").Figure["plot"]) => Pixels} text Return a text; the
 *   box is relative to its place.
 * @property {(image: HTMLImageElement) => Pixels} image
 */

const POINTS = 0.75; // of PDF, in a px

/** The page's content while it is written, and what it refers to. */
class Content {
  /** @type {string[]} */
  lines = [];

  /** @type {Map<string, string>} Name of the graphics state with an opacity, by its entries. */
  states = new Map();

  /** @type {string[]} References to images and groups, by number. */
  images = [];

  invisible = new InvisibleFonts();

  /** Number of texts that are drawn as images. */
  drawnTexts = 0;

  /**
   * @param {Objects} objects
   * @param {Rasterize} rasterize
   */
  constructor(objects, rasterize) {
    this.objects = objects;
    this.rasterize = rasterize;
  }

  /** @param {...string} operators */
  write(...operators) {
    this.lines.push(...operators);
  }

  /** @param {number} opacity */
  setOpacity(opacity) {
    const entries = `/CA ${number(opacity)} /ca ${number(opacity)}`;
    const name = this.states.get(entries) ?? `G${this.states.size}`;
    this.states.set(entries, name);
    this.write(`/${name} gs`);
  }

  /** @param {string} color */
  setFill(color) {
    const [red, green, blue, opacity] = readColor(color);
    this.setOpacity(opacity);
    this.write(`${channels(red, green, blue)} rg`);
  }

  /**
   * @param {string} color
   * @param {number} width
   */
  setStroke(color, width) {
    const [red, green, blue, opacity] = readColor(color);
    this.setOpacity(opacity);
    this.write(`${channels(red, green, blue)} RG ${number(width)} w`);
  }

  /**
   * A line without length and with round ends is a dot.
   *
   * @param {Dots} dots
   */
  dots({ radius, radii, opacity, palette, codes, xs, ys }) {
    this.setStroke(palette[0], 2 * radius);
    this.setOpacity(opacity);
    this.write("1 J");
    for (let i = 0; i < xs.length; i++) {
      if (codes && (i === 0 || codes[i] !== codes[i - 1])) {
        const [red, green, blue] = readColor(palette[codes[i]]);
        this.write(`${channels(red, green, blue)} RG`);
      }
      if (radii && (i === 0 || radii[i] !== radii[i - 1])) this.write(`${number(2 * radii[i])} w`);
      const at = `${number(xs[i])} ${number(ys[i])}`;
      this.write(`${at} m ${at} l S`);
    }
    this.write("0 J");
  }

  /** @param {Mark} mark */
  async mark(mark) {
    if (mark.kind === "circle") this.#circle(mark);
    else if (mark.kind === "line") {
      this.setStroke(mark.color, mark.width);
      const { from, to } = mark;
      this.write(`${number(from.x)} ${number(from.y)} m ${number(to.x)} ${number(to.y)} l S`);
    } else if (mark.kind === "ramp") this.#ramp(mark);
    else if (mark.kind === "shape") this.#shape(mark);
    else if (mark.kind === "image") {
      this.setOpacity(mark.opacity);
      await this.image(this.rasterize.image(mark.image), mark);
    } else await this.#text(mark);
  }

  /** @param {import("./marks.js").Circle} circle */
  #circle({ x, y, radius: r, fill, stroke, width }) {
    const k = r * 0.5522847; // of the Bézier curves that are nearest to a circle
    const curve = (/** @type {number[]} */ ...values) => `${values.map(number).join(" ")} c`;
    const path = [
      `${number(x + r)} ${number(y)} m`,
      curve(x + r, y + k, x + k, y + r, x, y + r), curve(x - k, y + r, x - r, y + k, x - r, y),
      curve(x - r, y - k, x - k, y - r, x, y - r), curve(x + k, y - r, x + r, y - k, x + r, y), "h",
    ].join(" ");
    if (fill) {
      this.setFill(fill);
      this.write(`${path} f`);
    }
    if (stroke) {
      this.setStroke(stroke, width);
      this.write(`${path} S`);
    }
  }

  /** @param {import("./marks.js").Shape} shape */
  #shape({ rings, fill, stroke, width }) {
    const path = rings.map((ring) =>
      `${ring.map(({ x, y }, i) => `${number(x)} ${number(y)} ${i ? "l" : "m"}`).join(" ")} h`).join("\n");
    if (fill) {
      this.setFill(fill);
      this.write(path, "f");
    }
    if (stroke) {
      this.setStroke(stroke, width);
      this.write(path, "S");
    }
  }

  /** @param {import("./marks.js").Ramp} ramp */
  #ramp({ x, y, width, height, colors }) {
    const isUpright = height > width;
    const [w, h] = isUpright ? [width, height / colors.length] : [width / colors.length, height];
    colors.forEach((color, i) => {
      const [left, top] = isUpright ? [x, y + height - (i + 1) * h] : [x + i * w, y];
      this.setFill(color);
      this.write(`${[left, top, w, h].map(number).join(" ")} re f`);
    });
  }

  /** @param {Text} mark */
  async #text(mark) {
    const { text, x, y, size, weight, color, anchor, length, halo, turned } = mark;
    const start = { start: 0, middle: -length / 2, end: -length }[anchor];
    this.write("q", `${turned ? "0 1 -1 0" : "1 0 0 1"} ${number(x)} ${number(y)} cm`);
    const codes = encode(text);
    if (codes) {
      const font = fontOf(weight);
      const stretch = length ? (100 * length) / (size * widthOf(text, font) || 1) : 100;
      const place = `${number(stretch)} Tz 1 0 0 -1 ${number(start)} 0 Tm`;
      const show = `BT /${font} ${number(size)} Tf ${place} ${hex(codes)} Tj`;
      if (halo) {
        this.setStroke(halo.color, halo.width);
        this.write("1 j", `${show.replace("Tf", "Tf 1 Tr")} ET`);
      }
      this.setFill(color);
      this.write(`${show.replace("Tf", "Tf 0 Tr")} ET`);
    } else if (length) {
      this.drawnTexts++;
      const room = halo?.width ?? 1;
      const box = { x: start - room, y: -1.1 * size - room, width: length + 2 * room, height: 1.5 * size + 2 * room };
      this.setOpacity(1);
      await this.image(this.rasterize.text(mark, box), box);
      const shown = Array.from(text).length;
      const stretch = (100 * length) / (size * shown); // each empty glyph is as wide as the size
      const runs = this.invisible.encode(text).map((run) => `/T${run.font} ${number(size)} Tf ${hex(run.codes)} Tj`);
      this.write(`BT 3 Tr ${number(stretch)} Tz 1 0 0 -1 ${number(start)} 0 Tm ${runs.join(" ")} ET`);
    }
    this.write("Q");
  }

  /**
   * @param {Pixels} pixels
   * @param {{ x: number, y: number, width: number, height: number }} box
   */
  async image({ width, height, data }, box) {
    const colors = new Uint8Array(3 * width * height);
    const mask = new Uint8Array(width * height);
    for (let i = 0; i < mask.length; i++) {
      for (let channel = 0; channel < 3; channel++) colors[3 * i + channel] = data[4 * i + channel];
      mask[i] = data[4 * i + 3];
    }
    const size = `/Type /XObject /Subtype /Image /Width ${width} /Height ${height} /BitsPerComponent 8`;
    const opacity = await this.objects.addStream(`${size} /ColorSpace /DeviceGray`, mask);
    const id = await this.objects.addStream(`${size} /ColorSpace /DeviceRGB /SMask ${opacity} 0 R`, colors);
    this.images.push(`${id} 0 R`);
    const place = [box.width, 0, 0, -box.height, box.x, box.y + box.height].map(number).join(" ");
    this.write(`q ${place} cm /X${this.images.length - 1} Do Q`);
  }

  /** Return the resources of the page. */
  async resources() {
    const states = Array.from(this.states, ([entries, name]) => `/${name} << ${entries} >>`);
    const images = this.images.map((reference, i) => `/X${i} ${reference}`);
    const fonts = ["Helvetica", "Helvetica-Bold"].map((name) =>
      `/${name} << /Type /Font /Subtype /Type1 /BaseFont /${name} /Encoding /WinAnsiEncoding >>`);
    for (let font = 0; font < this.invisible.count; font++) fonts.push(`/T${font} ${await this.#emptyFont(font)} 0 R`);
    const entries = { ExtGState: states, XObject: images, Font: fonts };
    return `<< ${Object.entries(entries).map(([name, each]) => `/${name} << ${each.join(" ")} >>`).join(" ")} >>`;
  }

  /** @param {number} font */
  async #emptyFont(font) {
    const glyph = await this.objects.addStream("", "1000 0 d0");
    const unicode = await this.objects.addStream("", this.invisible.toUnicode(font));
    const names = Array.from({ length: 256 }, (_, code) => `/c${code}`);
    return this.objects.add(
      "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 1000 1000] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 0"
        + ` /LastChar 255 /Widths [${Array(256).fill(1000).join(" ")}] /Resources << >> /ToUnicode ${unicode} 0 R`
        + ` /Encoding << /Type /Encoding /Differences [0 ${names.join(" ")}] >>`
        + ` /CharProcs << ${names.map((name) => `${name} ${glyph} 0 R`).join(" ")} >> >>`,
    );
  }
}

/**
 * Return the figure as a PDF, and how many of its texts are images.
 *
 * @param {Figure} figure
 * @param {Rasterize} rasterize
 */
export async function toPdf(figure, rasterize) {
  const { width, height, plot, background, opacity } = figure;
  const objects = new Objects();
  const content = new Content(objects, rasterize);
  const box = `[0 0 ${number(width * POINTS)} ${number(height * POINTS)}]`;
  content.write("q", `${POINTS} 0 0 -${POINTS} 0 ${number(height * POINTS)} cm`);
  if (background) {
    content.setFill(background);
    content.write(`0 0 ${number(width)} ${number(height)} re f`);
  }
  const clip = `q ${[plot.x, plot.y, plot.width, plot.height].map(number).join(" ")} re W n`;
  content.write(clip);
  if (countDots(figure) > MOST_SHAPES) {
    content.setOpacity(1);
    await content.image(await rasterize.points(figure), plot);
  } else if (opacity === 1) {
    await drawPoints(content, figure);
  } else {
    const group = new Content(objects, rasterize);
    await drawPoints(group, figure);
    const id = await objects.addStream(
      `/Type /XObject /Subtype /Form /BBox [0 0 ${number(width)} ${number(height)}]`
        + ` /Group << /S /Transparency >> /Resources ${await group.resources()}`,
      group.lines.join("\n"),
    );
    content.setOpacity(opacity);
    content.images.push(`${id} 0 R`);
    content.write(`/X${content.images.length - 1} Do`);
  }
  for (const mark of figure.marks) await content.mark(mark);
  content.write("Q");
  for (const mark of figure.key) await content.mark(mark);
  content.write("Q");
  const stream = await objects.addStream("", content.lines.join("\n"));
  const pages = objects.add();
  const page = objects.add(
    `<< /Type /Page /Parent ${pages} 0 R /MediaBox ${box} /Contents ${stream} 0 R`
      + ` /Group << /S /Transparency /CS /DeviceRGB >> /Resources ${await content.resources()} >>`,
  );
  objects.set(pages, `<< /Type /Pages /Kids [${page} 0 R] /Count 1 >>`);
  const title = Array.from({ length: figure.title.length }, (_, i) => figure.title.charCodeAt(i));
  const info = objects.add(`<< /Title ${hex([0xfe, 0xff, ...title.flatMap((unit) => [unit >> 8, unit & 255])])} >>`);
  const bytes = objects.finish(objects.add(`<< /Type /Catalog /Pages ${pages} 0 R >>`), info);
  return { bytes, drawnTexts: content.drawnTexts };
}

/**
 * @param {Content} content
 * @param {Figure} figure
 */
async function drawPoints(content, { below, dots }) {
  for (const mark of below) await content.mark(mark);
  for (const each of dots) content.dots(each);
}

/** @param {number[]} values red, green and blue, 0 to 255 */
const channels = (...values) => values.map((value) => number(value / 255)).join(" ");

/** @param {number} value */
const number = (value) => String(Number(value.toFixed(3)));
