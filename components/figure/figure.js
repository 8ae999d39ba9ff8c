// @ts-check
// The panel that exports what the map shows: as PNG, SVG, PDF or HTML, and to the clipboard.
import { addStyles, element } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { send } from "../shared/page.js";
import { describeFigure } from "./describe.js";
import { canvasOf, makeCanvas, paintMark, paintPoints, pointsUrl, toPng } from "./paint.js";
import { toPage } from "./page.js";
import { toPdf } from "./pdf.js";
import { toSvg } from "./svg.js";

/** @typedef {import("../map/map.js").EmbeddingMap} EmbeddingMap */
/** @typedef {import("./describe.js").Options} Options */
/** @typedef {import("./pdf.js").Pixels} Pixels */
/** @typedef {{ name: string }} Message `name` begins the names of the files. */

const TEXT_SCALE = 4; // pixels per px of a text that is an image

/** Return the map of this page. */
function theMap() {
  /** @type {EmbeddingMap | null} */
  let map = null;
  send("map", (/** @type {EmbeddingMap} */ found) => (map = found));
  if (!map) throw new Error("there is no map on this page");
  return /** @type {EmbeddingMap} */ (map);
}

/** How each format is written: what makes the file, and what there is to say about it. */
const FORMATS = {
  png: async (/** @type {Options & { scale: number }} */ options) =>
    ({ blob: await toPng(describeFigure(theMap(), options), options.scale), note: "" }),
  svg: async (/** @type {Options} */ options) => {
    const text = await toSvg(describeFigure(theMap(), options), { points: pointsUrl, image: imageUrl });
    return { blob: new Blob([text], { type: "image/svg+xml" }), note: "" };
  },
  pdf: async (/** @type {Options} */ options) => {
    const figure = describeFigure(theMap(), options);
    const { bytes, drawnTexts } = await toPdf(figure, { points: pointPixels, text: textPixels, image: imagePixels });
    const note = drawnTexts ? `${drawnTexts} texts with other than Latin letters are drawn as images. ` : "";
    return { blob: new Blob([/** @type {BlobPart} */ (bytes)], { type: "application/pdf" }), note };
  },
  html: async (/** @type {Options} */ options) => {
    const map = theMap();
    const note = map.overlay.images.onScreen().size ? "The file has points in place of the images. " : "";
    return { blob: new Blob([await toPage(map, options)], { type: "text/html" }), note };
  },
};

/** @typedef {keyof typeof FORMATS} Format */

class FigurePanel {
  #name = "map";

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.background = select("Background", [["screen", "As on screen"], ["white", "White"], ["none", "None"]]);
    this.scale = select("Size", [["1", "1×"], ["2", "2×"], ["3", "3×"], ["4", "4×"]], "2");
    this.title = element("input", { type: "checkbox", checked: true });
    this.legend = element("input", { type: "checkbox", checked: true });
    this.status = element("div", { role: "status" });
    const button = (/** @type {string} */ name, /** @type {string} */ title, /** @type {() => void} */ onclick) =>
      element("button", { type: "button", title, onclick }, name);
    const download = (/** @type {Format} */ format, /** @type {string} */ title) =>
      button(format.toUpperCase(), title, () => this.run(() => this.download(format)));
    this.root = element(
      "div", { class: "figure-panel", role: "group", "aria-label": "Export figure" },
      element("div", { class: "figure-row" },
        element("label", {}, this.title, "Title"), element("label", {}, this.legend, "Legend")),
      element("div", { class: "figure-row" }, element("label", {}, "Background ", this.background)),
      element("div", { class: "figure-row" },
        download("png", "Image of pixels"), element("label", {}, this.scale),
        button("Copy", "Copy the PNG to the clipboard", () => this.run(() => this.copy()))),
      element("div", { class: "figure-row" },
        download("svg", "Shapes; texts stay texts"), download("pdf", "One page; texts stay texts"),
        download("html", "One file with hovering, legend and search, which needs no network")),
      this.status,
    );
    parent.append(this.root);
  }

  destroy() {
    this.root.remove();
  }

  /** @param {Message} message */
  update({ name }) {
    this.#name = name;
  }

  /** @returns {Options & { scale: number }} */
  options() {
    return {
      background: /** @type {Options["background"]} */ (this.background.value), scale: Number(this.scale.value),
      title: this.title.checked, legend: this.legend.checked,
    };
  }

  /**
   * Run an export; say what it does, or why it failed.
   *
   * @param {() => Promise<string>} task
   */
  async run(task) {
    const buttons = this.root.querySelectorAll("button");
    buttons.forEach((button) => (button.disabled = true));
    this.status.textContent = "Drawing…";
    try {
      this.status.textContent = await task();
    } catch (error) {
      this.status.textContent = `Not exported: ${/** @type {Error} */ (error).message}.`;
      reportError(error); // into the browser's console, with its stack
    } finally {
      buttons.forEach((button) => (button.disabled = false));
    }
  }

  /** @param {Format} format */
  async download(format) {
    const { blob, note } = await FORMATS[format](this.options());
    const url = URL.createObjectURL(blob);
    const file = `${this.#name}.${format}`;
    element("a", { href: url, download: file }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
    return `${note}Saved as ${file}.`;
  }

  async copy() {
    if (!navigator.clipboard?.write || typeof ClipboardItem === "undefined") {
      return "This browser does not let this page copy images: download the PNG.";
    }
    const png = FORMATS.png(this.options()).then(({ blob }) => blob);
    try {
      await navigator.clipboard.write([new ClipboardItem({ "image/png": png })]);
    } catch (error) {
      await png; // an image that cannot be drawn is another fault
      if (!(error instanceof DOMException)) throw error;
      return `The browser refused to copy the image: download the PNG. (${error.message})`;
    }
    return "Copied.";
  }
}

/**
 * @param {string} name for screen readers
 * @param {[string, string][]} options values and texts
 * @param {string} [chosen]
 */
function select(name, options, chosen) {
  const nodes = options.map(([value, text]) => element("option", { value, selected: value === chosen }, text));
  return element("select", { "aria-label": name }, ...nodes);
}

/** @param {import("./marks.js").Figure} figure */
async function pointPixels(figure) {
  return pixelsOf(await paintPoints(figure));
}

/** @param {HTMLImageElement} image */
const imagePixels = (image) => pixelsOf(canvasOf(image));

/** @param {HTMLImageElement} image */
const imageUrl = (image) => canvasOf(image).toDataURL("image/png");

/** @type {import("./pdf.js").Rasterize["text"]} */
function textPixels(mark, box) {
  const { canvas, context } = makeCanvas(box.width, box.height, TEXT_SCALE);
  context.translate(-box.x, -box.y);
  const font = theMap().theme.font;
  paintMark(context, { ...mark, x: 0, y: 0, turned: false }, font);
  return pixelsOf(canvas);
}

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Pixels}
 */
function pixelsOf(canvas) {
  const context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  return context.getImageData(0, 0, canvas.width, canvas.height);
}

export const update = mount((parent) => {
  addStyles("figure.css", import.meta.url);
  return new FigurePanel(parent);
});
