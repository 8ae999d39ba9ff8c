// Figures: recorded marks, the key around the plot, and the same points in SVG and PDF.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inflateSync } from "node:zlib";
import { edgesOf, gridOf } from "../../../components/figure/box.js";
import { rampColors } from "../../../components/figure/scales.js";
import { legendBlock, moved, titleBlock, wrap } from "../../../components/figure/key.js";
import { readColor, Recorder, toGrey } from "../../../components/figure/marks.js";
import { toPdf } from "../../../components/figure/pdf.js";
import { encode, InvisibleFonts, widthOf } from "../../../components/figure/pdf_text.js";
import { MOST_SHAPES, toSvg } from "../../../components/figure/svg.js";
import { drawDot, drawLine, drawRing } from "../../../components/map/canvas.js";

const THEME = { background: "#ffffff", text: "#000000", accent: "#ff0000", font: "sans-serif" };

/** A context in which each character is half as wide as the font is high. */
const measuring = {
  font: "", textBaseline: "alphabetic",
  measureText(text) {
    const size = Number(/([\d.]+)px/.exec(this.font)[1]);
    return { width: (text.length * size) / 2, fontBoundingBoxAscent: this.textBaseline === "top" ? 0 : size };
  },
};
const measure = (text, size) => (text.length * size) / 2;
const style = { theme: THEME, measure };

function recorder() {
  return new Recorder(measuring, { clientWidth: 400, clientHeight: 300 });
}

function dots(count, { color = "#0b6bcb", ...options } = {}) {
  const xs = Float32Array.from({ length: count }, (_, i) => 10 + (i % 300));
  const ys = Float32Array.from({ length: count }, (_, i) => 20 + (i % 200));
  return { name: "one", radius: 2, radii: null, opacity: 0.5, palette: [color], codes: null, xs, ys, ...options };
}

function figure(options = {}) {
  return {
    title: "Digits <1>", width: 400, height: 300, font: "Source Sans", background: "#ffffff",
    plot: { x: 0, y: 0, width: 400, height: 300 }, opacity: 1, below: [], dots: [dots(3)], marks: [], key: [],
    ...options,
  };
}

const text = (content, options = {}) => ({
  kind: "text", text: content, x: 50, y: 60, size: 12, weight: 400, color: "#000000", anchor: "start", length: 40,
  halo: null, ...options,
});

const area = {
  kind: "shape", fill: "rgba(0, 0, 0, 0.1)", stroke: null, width: 0,
  rings: [[{ x: 1, y: 2 }, { x: 3, y: 2 }, { x: 3, y: 4 }], [{ x: 5, y: 6 }, { x: 7, y: 6 }, { x: 7, y: 8 }]],
};
const outline = { ...area, fill: null, stroke: "#ff0000", width: 1 };

const unexpected = () => assert.fail("nothing was to be rastered");
const inSvg = { points: unexpected, image: unexpected };
const photo = {
  kind: "image", image: "seven", x: 11, y: 12, width: 36, height: 18, opacity: 0.3, isSmooth: false,
};
const count = (content, pattern) => content.match(pattern)?.length ?? 0;

describe("colors", () => {
  test("are read as canvases and themes write them", () => {
    assert.deepEqual(readColor("#0b6bcb"), [11, 107, 203, 1]);
    assert.deepEqual(readColor("rgb(1, 2, 3)"), [1, 2, 3, 1]);
    assert.deepEqual(readColor("rgba(1, 2, 3, 0.25)"), [1, 2, 3, 0.25]);
    assert.throws(() => readColor("tomato"), /no color: tomato/);
  });

  test("turn to grey by their luminance", () => {
    assert.equal(toGrey("#ff0000"), "rgb(54, 54, 54)");
    assert.equal(toGrey("#808080"), "rgb(128, 128, 128)");
  });

  test("of a scale lie between its stops", () => {
    const colors = rampColors([[0, "#000000"], [0.5, "#ffffff"], [1, "#ff0000"]], 5);
    assert.deepEqual(colors, [
      "rgb(0, 0, 0)", "rgb(128, 128, 128)", "rgb(255, 255, 255)", "rgb(255, 128, 128)", "rgb(255, 0, 0)",
    ]);
  });
});

describe("the recorder", () => {
  test("makes one mark of a circle that is filled and stroked", () => {
    const context = recorder();
    drawDot(context, { x: 5, y: 6 }, 3, "#ff0000", "#ffffff");
    drawRing(context, { x: 5, y: 6 }, 9, 2, "#00ff00");
    assert.deepEqual(context.marks, [
      { kind: "circle", x: 5, y: 6, radius: 3, fill: "#ffffff", stroke: null, width: 0 },
      { kind: "circle", x: 5, y: 6, radius: 3, fill: "#ff0000", stroke: "#ffffff", width: 1 },
      { kind: "circle", x: 5, y: 6, radius: 9, fill: null, stroke: "#00ff00", width: 2 },
    ]);
  });

  test("keeps lines", () => {
    const context = recorder();
    drawLine(context, { x: 1, y: 2 }, { x: 3, y: 4 }, "#ff0000");
    assert.deepEqual(context.marks, [
      { kind: "line", from: { x: 1, y: 2 }, to: { x: 3, y: 4 }, color: "#ff0000", width: 1 },
    ]);
  });

  test("makes one shape of closed lines, and keeps the lines that are not closed", () => {
    const context = recorder();
    context.fillStyle = "rgba(0, 0, 0, 0.1)";
    context.beginPath();
    for (const x of [0, 10]) {
      context.moveTo(x, 0);
      context.lineTo(x + 4, 0);
      context.lineTo(x + 4, 4);
      context.closePath();
    }
    context.fill();
    context.moveTo(1, 1);
    context.lineTo(2, 2);
    context.stroke();
    const rings = [0, 10].map((x) => [{ x, y: 0 }, { x: x + 4, y: 0 }, { x: x + 4, y: 4 }]);
    const shape = { kind: "shape", rings };
    assert.deepEqual(context.marks, [
      { ...shape, fill: "rgba(0, 0, 0, 0.1)", stroke: null, width: 0 },
      { ...shape, fill: null, stroke: "#000000", width: 1 },
      { kind: "line", from: { x: 1, y: 1 }, to: { x: 2, y: 2 }, color: "#000000", width: 1 },
    ]);
    assert.deepEqual(moved(context.marks, 5, 6)[0].rings[1][2], { x: 19, y: 10 });
  });

  test("places a text by its baseline, with the halo that was stroked before", () => {
    const context = recorder();
    context.save();
    context.font = "600 12px Source Sans";
    context.textBaseline = "top";
    context.textAlign = "center";
    context.strokeStyle = "#ffffff";
    context.lineWidth = 4;
    context.strokeText("king", 100, 50);
    context.fillText("king", 100, 50);
    context.restore();
    assert.deepEqual(context.marks, [{
      kind: "text", text: "king", x: 100, y: 62, size: 12, weight: 600, color: "#000000", anchor: "middle", length: 24,
      halo: { color: "#ffffff", width: 4 },
    }]);
    assert.equal(context.textBaseline, "alphabetic");
  });
});

describe("an image on the map", () => {
  const frame = [[9, 9], [31, 9], [31, 21], [9, 21]].map(([x, y]) => ({ x, y }));

  test("is a mark of its place and opacity, in a frame that is as pale", () => {
    const context = recorder();
    context.save();
    context.globalAlpha = 0.25;
    context.strokeStyle = "#ff0000";
    context.lineWidth = 2;
    context.strokeRect(9, 9, 22, 12);
    context.fillStyle = "rgba(0, 0, 255, 0.5)";
    context.fillRect(9, 9, 22, 12);
    context.imageSmoothingEnabled = false;
    context.drawImage("seven", 10, 10, 20, 10);
    drawLine(context, { x: 1, y: 2 }, { x: 3, y: 4 }, "#00ff00");
    context.restore();
    assert.equal(context.globalAlpha, 1);
    assert.deepEqual(context.marks, [
      { kind: "shape", rings: [frame], fill: null, stroke: "rgba(255, 0, 0, 0.25)", width: 2 },
      { kind: "shape", rings: [frame], fill: "rgba(0, 0, 255, 0.125)", stroke: null, width: 0 },
      { kind: "image", image: "seven", x: 10, y: 10, width: 20, height: 10, opacity: 0.25, isSmooth: false },
      { kind: "line", from: { x: 1, y: 2 }, to: { x: 3, y: 4 }, color: "rgba(0, 255, 0, 0.25)", width: 1 },
    ]);
    const [, , { x, y }] = moved(context.marks, 5, 6);
    assert.deepEqual([x, y], [15, 16]);
  });
});

describe("the key", () => {
  const colors = {
    kind: "categories", title: "digit", names: ["zero", "one", "two"], counts: [3, 2000, 1],
    palette: ["#0b6bcb", "#e8770c", "#111111"],
  };
  const texts = ({ marks }) => marks.filter(({ kind }) => kind === "text").map((mark) => mark.text);

  test("lists the categories that are shown, with counts, and says how many are hidden", () => {
    const block = legendBlock(colors, new Set([0]), style);
    assert.deepEqual(texts(block), ["digit", "2,000", "one", "1", "two", "1 category hidden"]);
    const swatches = block.marks.filter(({ kind }) => kind === "circle").map(({ fill }) => fill);
    assert.deepEqual(swatches, ["#e8770c", "#111111"]);
  });

  test("cuts no name off", () => {
    const long = "Machine Learning and other methods of statistics";
    const { marks, width } = legendBlock({ ...colors, names: ["a", long, "c"] }, new Set(), style);
    const lines = marks.filter(({ kind, x }) => kind === "text" && x === 30).map((mark) => mark.text);
    assert.equal(lines.join(" "), `a ${long} c`);
    assert.ok(lines.length === 4 && marks.every(({ x }) => x < width));
  });

  test("breaks words that are wider than a line", () => {
    const lines = wrap("x".repeat(100), (content) => 6 * content.length);
    assert.deepEqual(lines.map(({ length }) => length), [35, 35, 30]);
  });

  test("has a title and what is below it", () => {
    assert.deepEqual(texts(titleBlock("digits", "UMAP · 10 points", style)), ["digits", "UMAP · 10 points"]);
  });

  test("moves marks of each kind", () => {
    const line = { kind: "line", from: { x: 0, y: 1 }, to: { x: 2, y: 3 }, color: "#000000", width: 1 };
    const [first, second] = moved([line, text("a")], 10, 20);
    assert.deepEqual([first.from, first.to], [{ x: 10, y: 21 }, { x: 12, y: 23 }]);
    assert.deepEqual([second.x, second.y], [60, 80]);
  });
});

describe("the box in 3D", () => {
  const axes = {
    bounds: [[-1, -2, -3], [1, 2, 3]], ticks: [[{ x: 0 }], [{ x: 1 }, { x: -1 }], []],
    lastCubeProps: { axis: [1, -1, 1], cubeEdges: [0, 5, 3] },
  };

  test("has a grid on its far faces", () => {
    const lines = gridOf(axes, axes.lastCubeProps.axis);
    assert.equal(lines.length, 2 * 3); // each tick's line is on two faces
    assert.deepEqual(lines[0], [[1, 1, -3], [1, 1, 3]]);
    assert.ok(lines.some(([from, to]) => from.join() === "0,-2,-3" && to.join() === "0,-2,3"));
  });

  test("has its axes at the edges that the camera names", () => {
    assert.deepEqual(edgesOf(axes), [
      [[-1, -2, -3], [1, -2, -3]], [[1, -2, 3], [1, 2, 3]], [[1, 2, -3], [1, 2, 3]],
    ]);
  });
});

describe("SVG", () => {
  test("has a circle for each point, in its color, and texts as texts", async () => {
    const many = dots(2, { palette: ["#000000", "rgb(253, 231, 37)"], codes: Uint8Array.of(1, 0) });
    const marks = [text("kings & <queens>", { halo: { color: "rgba(255, 255, 255, 0.9)", width: 4 } })];
    const svg = await toSvg(figure({ dots: [dots(3), many], marks }), inSvg);
    assert.equal(count(svg, /<circle /g), 5);
    assert.match(svg, /<g aria-label="one" fill-opacity="0.5" fill="#0b6bcb">\n<circle cx="10" cy="20" r="2"\/>/);
    assert.match(svg, /<circle cx="10" cy="20" r="2" fill="#fde725"\/>/);
    assert.match(svg, /stroke="#ffffff" stroke-opacity="0.9"[^>]*paint-order="stroke">kings &amp; &lt;queens&gt;</);
    assert.match(svg, /<text x="50" y="60" [^>]*textLength="40"/);
    assert.match(svg, /<title>Digits &lt;1&gt;<\/title>/);
    assert.match(svg, /<rect class="background"/);
  });

  test("has circles of their own sizes", async () => {
    const svg = await toSvg(figure({ dots: [dots(2, { radii: Float32Array.of(1.5, 4) })] }), inSvg);
    assert.deepEqual([...svg.matchAll(/<circle [^>]* r="([\d.]+)"/g)].map(([, r]) => r), ["1.5", "4"]);
  });

  test("has areas and their outlines below the points", async () => {
    const svg = await toSvg(figure({ below: [area, outline] }), inSvg);
    const path = "M1 2L3 2L3 4ZM5 6L7 6L7 8Z";
    assert.match(svg, new RegExp(`<path d="${path}" fill="#000000" fill-opacity="0.1"/>\n<path d="${path}" fill="none"`
      + ' stroke="#ff0000" stroke-width="1"/>\n<g aria-label="one"'));
  });

  test("holds the pixels of its images", async () => {
    const marks = [photo, { ...photo, image: "eight", opacity: 1, isSmooth: true }];
    const svg = await toSvg(figure({ marks }), { ...inSvg, image: (image) => `data:image/png;base64,${image}` });
    const box = '<image x="11" y="12" width="36" height="18" preserveAspectRatio="none"';
    const pale = 'opacity="0.3" style="image-rendering: pixelated"';
    assert.ok(svg.includes(`${box} ${pale} href="data:image/png;base64,seven"/>`));
    assert.ok(svg.includes(`${box} href="data:image/png;base64,eight"/>`));
  });

  test("has no background if none is wanted, and fades all points together", async () => {
    const svg = await toSvg(figure({ background: null, opacity: 0.38 }), inSvg);
    assert.doesNotMatch(svg, /background/);
    assert.match(svg, /<g class="points"[^>]* opacity="0.38">/);
  });

  test("has an image above MOST_SHAPES points, and not before", async () => {
    const rastered = [];
    const rasterize = async (one) => {
      rastered.push(one);
      return "data:image/png;base64,AA==";
    };
    assert.equal(count(await toSvg(figure({ dots: [dots(MOST_SHAPES)] }), inSvg), /<circle /g), MOST_SHAPES);
    const many = figure({ dots: [dots(MOST_SHAPES), dots(1)], marks: [text("king")] });
    const svg = await toSvg(many, { ...inSvg, points: rasterize });
    assert.equal(count(svg, /<circle /g), 0);
    assert.equal(count(svg, /<image /g), 1);
    assert.equal(rastered.length, 1);
    assert.match(svg, />king<\/text>/);
  });

  test("has no characters that XML forbids", async () => {
    const svg = await toSvg(figure({ marks: [text("a\u0000b\u0008c")] }), inSvg);
    assert.match(svg, />a\ufffdb\ufffdc<\/text>/);
  });
});

/** Return the objects of a PDF, by number, after its table of their places has been checked. */
function objectsOf(bytes) {
  const file = Buffer.from(bytes);
  const at = Number(/startxref\n(\d+)/.exec(file.toString("latin1"))[1]);
  const table = file.subarray(at).toString("latin1");
  return Array.from(table.matchAll(/^(\d{10}) 00000 n /gm), ([, offset], i) => {
    const object = file.subarray(Number(offset));
    const head = `${i + 1} 0 obj\n`;
    assert.equal(object.subarray(0, head.length).toString("latin1"), head);
    const body = object.subarray(head.length, object.indexOf("\nendobj\n"));
    const start = body.indexOf("stream\n");
    if (start < 0) return body.toString("latin1");
    const length = Number(/\/Length (\d+)/.exec(body.toString("latin1"))[1]);
    return inflateSync(body.subarray(start + 7, start + 7 + length)).toString("latin1");
  });
}

describe("PDF", () => {
  const pixels = { width: 2, height: 1, data: Uint8ClampedArray.of(1, 2, 3, 4, 5, 6, 7, 8) };
  const rasterize = { points: unexpected, text: unexpected, image: unexpected };
  const hexOf = (content) => Buffer.from(content, "latin1").toString("hex");

  test("has a dot for each point and Latin texts as texts", async () => {
    const marks = [text("café"), text("bold", { weight: 600 })];
    const { bytes, drawnTexts } = await toPdf(figure({ marks }), rasterize);
    const content = objectsOf(bytes).find((object) => object.includes(" Tj"));
    assert.equal(drawnTexts, 0);
    assert.equal(count(content, /^([\d.]+ [\d.]+) m \1 l S$/gm), 3);
    assert.match(content, /0\.043 0\.42 0\.796 RG/);
    assert.match(content, new RegExp(`/Helvetica 12 Tf .*<${hexOf("café")}> Tj`));
    assert.match(content, new RegExp(`/Helvetica-Bold 12 Tf .*<${hexOf("bold")}> Tj`));
  });

  test("has other texts as images, with the characters above them", async () => {
    const { bytes, drawnTexts } = await toPdf(figure({ marks: [text("王様")] }), { ...rasterize, text: () => pixels });
    const objects = objectsOf(bytes);
    assert.equal(drawnTexts, 1);
    assert.ok(objects.some((object) => /<00> <738b>\n<01> <69d8>/.test(object)));
    assert.ok(objects.some((object) => /BT 3 Tr .*\/T0 12 Tf <0001> Tj ET/.test(object)));
    assert.ok(objects.includes("\x01\x02\x03\x05\x06\x07") && objects.includes("\x04\x08"));
  });

  test("has an image above MOST_SHAPES points", async () => {
    const many = figure({ dots: [dots(MOST_SHAPES + 1)] });
    const { bytes } = await toPdf(many, { ...rasterize, points: async () => pixels });
    const content = objectsOf(bytes).find((object) => object.includes(" Do"));
    assert.doesNotMatch(content, / l S$/m);
  });

  test("has its images at their places, as pale as on the map", async () => {
    const { bytes } = await toPdf(figure({ marks: [photo] }), { ...rasterize, image: () => pixels });
    const objects = objectsOf(bytes);
    const content = objects.find((object) => object.includes(" Do"));
    const [, state] = /\/(G\d) gs\nq 36 0 0 -18 11 30 cm \/X0 Do Q/.exec(content);
    assert.ok(objects.some((object) => object.includes(`/${state} << /CA 0.3 /ca 0.3 >>`)));
    assert.ok(objects.includes("\x01\x02\x03\x05\x06\x07") && objects.includes("\x04\x08"));
  });

  test("has dots of their own sizes", async () => {
    const one = figure({ dots: [dots(3, { radii: Float32Array.of(1.5, 4, 4) })] });
    const content = objectsOf((await toPdf(one, rasterize)).bytes).find((object) => object.includes(" l S"));
    assert.match(content, /\n3 w\n10 20 m 10 20 l S\n8 w\n11 21 m 11 21 l S\n12 22 m 12 22 l S/);
  });

  test("has areas and their outlines below the points", async () => {
    const one = figure({ below: [area, outline] });
    const content = objectsOf((await toPdf(one, rasterize)).bytes).find((object) => object.includes(" l S"));
    const path = "1 2 m 3 2 l 3 4 l h\n5 6 m 7 6 l 7 8 l h";
    assert.match(content, new RegExp(`0 0 0 rg\n${path}\nf\n[^]*1 0 0 RG 1 w\n${path}\nS\n[^]* m .* l S`));
  });

  test("fades all points together", async () => {
    const objects = objectsOf((await toPdf(figure({ opacity: 0.38 }), rasterize)).bytes);
    const content = objects.find((object) => object.includes("/X0 Do"));
    assert.equal(count(objects.join("\n"), /^([\d.]+ [\d.]+) m \1 l S$/gm), 3);
    assert.doesNotMatch(content, / l S$/m); // the points are in a group of their own
    assert.ok(objects.some((object) => object.includes("/CA 0.38 /ca 0.38")));
  });
});

describe("texts of a PDF", () => {
  test("are encoded as WinAnsi where that has all their characters", () => {
    assert.deepEqual(encode("a…é"), [0x61, 0x85, 0xe9]);
    assert.deepEqual(encode("€Ÿ"), [0x80, 0x9f]);
    for (const other of ["王", "ą", "\u0081", "\n", "→"]) assert.equal(encode(other), null);
  });

  test("are as wide as Helvetica", () => {
    assert.equal(widthOf("Hi é", "Helvetica"), (722 + 222 + 278 + 556) / 1000);
    assert.equal(widthOf("~", "Helvetica-Bold"), 0.584);
  });

  test("take as many invisible fonts as they have characters for", () => {
    const fonts = new InvisibleFonts();
    const characters = Array.from({ length: 300 }, (_, i) => String.fromCodePoint(0x4e00 + i));
    const runs = fonts.encode(characters.join(""));
    assert.deepEqual(runs.map(({ font, codes }) => [font, codes.length]), [[0, 256], [1, 44]]);
    assert.equal(fonts.count, 2);
    assert.match(fonts.toUnicode(1), /<2b> <4f2b>/);
    assert.deepEqual(fonts.encode(characters[299]), [{ font: 1, codes: [43] }]);
  });
});
