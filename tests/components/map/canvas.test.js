// All points as squares, where there is no WebGL.
import assert from "node:assert/strict";
import { test } from "node:test";
import { paintPoints } from "../../../components/map/canvas.js";

test("without WebGL points have the size and the opacity that are set, one or by a column", () => {
  globalThis.window = { devicePixelRatio: 1 };
  const sides = [];
  const context = { setTransform() {}, fillRect: (x, y, side) => sides.push(side) };
  const canvas = { clientWidth: 100, clientHeight: 100, getContext: () => context };
  const projection = { refresh() {}, project: (row) => ({ x: 10 * row, y: 5 }) };
  const paint = (style, left = 0) => paintPoints(canvas, projection, Uint8Array.of(1, 0, 1), () => "red", style, left);
  paint({ size: 5, opacity: 0.3, diameters: null });
  assert.deepEqual([sides, context.globalAlpha], [[4, 4], 0.3]);
  paint({ size: 5, opacity: 0.3, diameters: Float32Array.of(1, 1, 3) }, 5);
  assert.deepEqual(sides.slice(2), [12]); // the first row is left of the plot
});
