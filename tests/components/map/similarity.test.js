// Colors by similarity: what the server sends, the colors, and the dots.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  dotSpans, levelStyle, paintLevels, readLevels, shades, Similarity,
} from "../../../components/map/similarity.js";

const theme = { background: "#ffffff", text: "#1c2430", accent: "#0b6bcb", font: "" };

test("the levels follow the ends of the scale", () => {
  const bytes = new Uint8Array(11);
  new DataView(bytes.buffer).setFloat32(0, 0.25, true);
  new DataView(bytes.buffer).setFloat32(4, 0.5, true);
  bytes.set([0, 128, 255], 8);
  const { row, low, high, levels } = readLevels(7, bytes);
  assert.deepEqual([row, low, high, [...levels]], [7, 0.25, 0.5, [0, 128, 255]]);
});

test("nearer is darker on white and lighter on black, without a turn", () => {
  const lightness = (rgb) => rgb[0] * 0.3 + rgb[1] * 0.59 + rgb[2] * 0.11;
  const light = shades(theme).map(lightness);
  const dark = shades({ ...theme, background: "#12151c", text: "#f2f4f8", accent: "#5aa5f2" }).map(lightness);
  assert.equal(light.length, 256);
  for (let i = 1; i < 256; i++) {
    assert.ok(light[i] <= light[i - 1] + 1, `light ${i}`);
    assert.ok(dark[i] >= dark[i - 1] - 1, `dark ${i}`);
  }
});

test("a dot is round, and small ones are squares", () => {
  assert.deepEqual(dotSpans(2), [[0, 2], [0, 2]]);
  const widths = dotSpans(9).map(([first, last]) => last - first);
  assert.deepEqual(widths, [...widths].reverse());
  assert.equal(Math.max(...widths), 9);
  assert.ok(widths[0] < 9);
});

test("the nearest row is painted above the others, and nothing outside of the canvas", () => {
  const size = 4;
  let painted = null;
  const context = {
    canvas: { width: size, height: size, clientWidth: size },
    createImageData: () => ({ data: new Uint8ClampedArray(size * size * 4) }),
    putImageData: (image) => (painted = new Uint32Array(image.data.buffer)),
  };
  const places = [{ x: 1, y: 1 }, { x: 1, y: 1 }, { x: 9, y: 1 }, { x: 3, y: 3 }, null];
  const projection = { project: (row) => places[row] };
  const rowsByLevel = [new Uint32Array([1, 2, 3, 4]), new Uint32Array([0])];
  const colors = [[1, 0, 0], [2, 0, 0]];
  const visible = new Uint8Array([1, 1, 1, 0, 1]);
  paintLevels(context, projection, visible, { rowsByLevel, colors, size: 2, opacity: 0.5, diameters: null }, 0);
  const reds = [...painted].map((pixel) => pixel & 255);
  assert.deepEqual(reds, [2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual([painted[0] >>> 24, painted[15] >>> 24], [128, 0]);
  const diameters = new Float32Array([2, 1, 1, 1, 1]);
  paintLevels(context, projection, visible, { rowsByLevel, colors, size: 2, opacity: 1, diameters }, 0);
  assert.ok([...painted].filter((pixel) => (pixel & 255) === 2).length > 4);
});

test("levels are opaque until points are made fainter, and have the size of points", () => {
  const diameters = new Float32Array([1, 2]);
  const fitting = levelStyle(1000, { size: 1, opacity: 1, diameters });
  assert.equal(fitting.opacity, 1);
  const large = levelStyle(1000, { size: 2, opacity: 2, diameters });
  assert.deepEqual(large, { size: 2 * fitting.size, opacity: 1, diameters });
  assert.equal(levelStyle(1000, { size: 1, opacity: 0.4, diameters }).opacity, 0.4);
});

test("levels that cannot be fetched leave the map as it is, and say so where the scale would be", async () => {
  globalThis.document = { baseURI: "http://localhost/" };
  globalThis.fetch = async () => ({ ok: false, status: 404, statusText: "Not Found" });
  const scale = { hidden: true, textContent: "" };
  const shown = [];
  const { promise, resolve } = deferred();
  const similarity = new Similarity(scale, {
    changed: (levels) => { shown.push(levels); resolve(); },
    labelOf: String,
  });
  similarity.update({ address: "similarity/x/dot/", row: 3, follows: false, metric: "dot" });
  await promise;
  assert.deepEqual(shown, [null]);
  assert.equal(scale.hidden, false);
  assert.match(scale.textContent, /could not be fetched.*404 Not Found/);
});

test("after a reset the same message is fetched again, and an answer on its way is ignored", async () => {
  globalThis.document = { baseURI: "http://localhost/" };
  const answers = [];
  globalThis.fetch = () => new Promise((answer) => answers.push(answer));
  const shown = [];
  const similarity = new Similarity({ hidden: true }, { changed: (levels) => shown.push(levels), labelOf: String });
  const message = { address: "similarity/y/dot/", row: 4, follows: false, metric: "dot" };
  similarity.update(message);
  similarity.reset();
  answers[0]({ ok: true, arrayBuffer: async () => new ArrayBuffer(9) });
  await new Promise((done) => setImmediate(done));
  assert.deepEqual(shown, [null]);
  similarity.update(message);
  await new Promise((done) => setImmediate(done));
  assert.equal(shown.length, 2);
  assert.equal(shown[1].row, 4);
});

function deferred() {
  let resolve;
  const promise = new Promise((done) => (resolve = done));
  return { promise, resolve };
}
