// Points, masks and regions of the map, against values worked out by hand and slow references.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  boxOf, diameterFactors, groupRows, inBox, inPolygon, interpolate, markerStyle, projected2d, rowsInside, take,
  toDisplay, visibleRows,
} from "../../../components/map/points.js";
import { packBits, toBase64, unpackBits } from "../../../components/shared/bits.js";

/** Numbers from 0 to 1, the same in each run. */
function random(seed) {
  let state = seed;
  return () => (state = (state * 16807) % 2147483647) / 2147483647;
}

describe("toDisplay", () => {
  test("centers the cloud and scales its longest side to [-1, 1]", () => {
    const points = toDisplay(new Float32Array([0, 10, 5, 1, 3, 2]), 3, 2);
    assert.deepEqual([...points.axes[0]], [-1, 1, 0]);
    assert.deepEqual(Array.from(points.axes[1], (v) => Number(v.toFixed(6))), [-0.2, 0.2, 0]);
    assert.deepEqual([points.center, points.half, points.reach], [[5, 2], 5, 1]);
    assert.deepEqual(points.extent, [1, 0.2]);
  });

  test("is inverted by coordinate = center + half * display", () => {
    const next = random(1);
    const coordinates = Float32Array.from({ length: 300 }, () => 50 * next() - 7);
    const { axes, center, half } = toDisplay(coordinates, 100, 3);
    for (let axis = 0; axis < 3; axis++) {
      for (let i = 0; i < 100; i++) {
        assert.ok(Math.abs(center[axis] + half * axes[axis][i] - coordinates[axis * 100 + i]) < 1e-4);
      }
    }
  });

  test("leaves a far outlier outside the first view", () => {
    const next = random(2);
    const coordinates = Float32Array.from({ length: 2000 }, next);
    coordinates[0] = 1000; // x of the first point
    const { axes, extent, reach } = toDisplay(coordinates, 1000, 2);
    assert.ok(extent[0] > 0.3 && extent[0] <= 1);
    assert.ok(axes[0][0] > 100 && reach === axes[0][0]);
    assert.ok(axes[0].subarray(1).every((v) => Math.abs(v) <= 1));
  });

  test("handles points that all coincide", () => {
    const { axes, extent, half } = toDisplay(new Float32Array([3, 3, 4, 4]), 2, 2);
    assert.deepEqual([...axes[0], ...axes[1]], [0, 0, 0, 0]);
    assert.deepEqual(extent, [0.05, 0.05]);
    assert.ok(half > 0);
  });
});

test("projected2d leaves out the third axis only", () => {
  const points = toDisplay(new Float32Array([0, 1, 0, 2, 0, 3]), 2, 3);
  const flat = projected2d(points);
  assert.deepEqual([flat.dims, flat.axes.length, flat.extent.length, flat.count], [2, 2, 2, 2]);
  assert.equal(flat.axes[1], points.axes[1]);
  assert.equal(points.axes.length, 3);
});

test("interpolate goes from one layout to the other on straight lines", () => {
  const from = toDisplay(new Float32Array([-1, 1, -1, 1]), 2, 2);
  const to = toDisplay(new Float32Array([1, -1, -1, 1]), 2, 2);
  assert.deepEqual(interpolate(from, to, 0).axes, from.axes);
  assert.deepEqual(interpolate(from, to, 1).axes, to.axes);
  assert.deepEqual([...interpolate(from, to, 0.25).axes[0]], [-0.5, 0.5]);
});

const FITTING = { size: 1, opacity: 1, diameters: null };

test("more points are smaller and fainter, within limits", () => {
  const styles = [1, 100, 10_000, 1_000_000, 1e12].map((count) => markerStyle(count, 2, FITTING));
  for (const name of ["size", "opacity"]) {
    const values = styles.map((style) => style[name]);
    assert.deepEqual(values, [...values].sort((a, b) => b - a), name);
  }
  const limits = [{ size: 9, opacity: 0.85, muted: 0.12 }, { size: 1.4, opacity: 0.28, muted: 0.12 }];
  assert.deepEqual([styles[0], styles[4]], limits);
  assert.equal(markerStyle(1e12, 3, FITTING).size, 1);
});

test("size and opacity are set around those that fit the number of points, in 2D and 3D", () => {
  for (const dims of [2, 3]) {
    const { size } = markerStyle(1000, dims, FITTING);
    assert.equal(markerStyle(1000, dims, { size: 2.5, opacity: 1 }).size, 2.5 * size);
  }
  const opacities = [0, 0.5, 1, 1.5, 2].map((opacity) => markerStyle(1, 2, { size: 1, opacity }).opacity);
  assert.deepEqual(opacities.map((value) => value.toFixed(3)), ["0.000", "0.425", "0.850", "0.925", "1.000"]);
  const mutes = [0.5, 2].map((opacity) => markerStyle(1, 2, { size: 1, opacity }).muted);
  assert.deepEqual(mutes, [0.06, 0.12]); // never more than what stands out, and never brought out itself
});

test("areas of points that a column sizes grow evenly, the smallest still visible", () => {
  const areas = [...diameterFactors(new Uint8Array([0, 51, 102, 255]))].map((factor) => factor ** 2);
  const step = areas[1] - areas[0];
  assert.ok(areas[0] > 0.3 && step > 0);
  assert.ok(Math.abs(areas[2] - areas[1] - step) < 1e-5 && Math.abs(areas[3] - areas[0] - 5 * step) < 1e-5);
});

test("groupRows lists each group's rows in order, without those of the mask", () => {
  const codes = [2, 0, 2, 1, 0];
  const lists = (groups) => groups.map((rows) => [...rows]);
  assert.deepEqual(lists(groupRows(codes, 4)), [[1, 4], [3], [0, 2], []]);
  assert.deepEqual(lists(groupRows(codes, 3, new Uint8Array([1, 1, 0, 0, 0]))), [[1], [], [0]]);
});

test("take returns values by row", () => {
  assert.deepEqual([...take(new Float32Array([5, 6, 7]), [2, 0])], [7, 5]);
});

test("visibleRows leaves out hidden categories, and all but what is to be alone", () => {
  const codes = [0, 1, 0, 1];
  const alone = new Uint8Array([1, 1, 0, 0]);
  assert.deepEqual([...visibleRows(4, codes, new Set(), null)], [1, 1, 1, 1]);
  assert.deepEqual([...visibleRows(4, codes, new Set([1]), null)], [1, 0, 1, 0]);
  assert.deepEqual([...visibleRows(4, codes, new Set([1]), alone)], [1, 0, 0, 0]);
  assert.deepEqual([...visibleRows(4, null, new Set([0]), alone)], [1, 1, 0, 0]);
});

describe("packed masks", () => {
  test("have one bit per row, the highest bit first", () => {
    assert.deepEqual([...packBits([0, 9], 10)], [128, 64]);
    assert.deepEqual([...unpackBits(new Uint8Array([128, 64]), 10)], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  });

  test("survive a round trip", () => {
    const next = random(3);
    for (const count of [1, 7, 8, 9, 1000, 20_001]) {
      const mask = Uint8Array.from({ length: count }, () => Math.round(next()));
      const rows = Array.from(mask.keys()).filter((row) => mask[row]);
      assert.deepEqual(unpackBits(packBits(rows, count), count), mask);
    }
  });
});

test("toBase64 equals the standard encoding, also for long masks", () => {
  for (const length of [0, 1, 2, 3, 8191, 8192, 50_000]) {
    const bytes = Uint8Array.from({ length }, (_, i) => i * 37);
    assert.equal(toBase64(bytes), Buffer.from(bytes).toString("base64"));
  }
});

describe("regions", () => {
  test("a box does not depend on the corner it was drawn from", () => {
    for (const [x, y] of [[[0, 2], [1, 3]], [[2, 0], [3, 1]]]) {
      const inside = inBox({ x, y });
      assert.ok(inside(1, 2) && inside(0, 1) && inside(2, 3));
      assert.ok(!inside(-0.1, 2) && !inside(1, 3.1));
    }
  });

  test("a polygon may be concave", () => {
    const inside = inPolygon({ x: [0, 4, 4, 2, 0], y: [0, 0, 4, 1, 4] }); // a crown
    assert.ok(inside(2, 0.5) && inside(0.5, 2) && inside(3.5, 2));
    assert.ok(!inside(2, 2) && !inside(-1, 1) && !inside(5, 1) && !inside(2, -0.1));
  });

  test("a triangle equals the intersection of its three half-planes", () => {
    const next = random(4);
    for (let round = 0; round < 200; round++) {
      const x = [next(), next(), next()];
      const y = [next(), next(), next()];
      const inside = inPolygon({ x, y });
      const [px, py] = [next(), next()];
      const sides = [0, 1, 2].map((i) => {
        const j = (i + 1) % 3;
        return Math.sign((x[j] - x[i]) * (py - y[i]) - (y[j] - y[i]) * (px - x[i]));
      });
      assert.equal(inside(px, py), sides[0] === sides[1] && sides[1] === sides[2]);
    }
  });

  test("only visible rows are selected", () => {
    const points = toDisplay(new Float32Array([-1, 0, 1, -1, 0, 1]), 3, 2);
    const box = { range: { x: [-0.5, 2], y: [-0.5, 2] } };
    assert.deepEqual(rowsInside(box, points, new Uint8Array([1, 1, 1])), [1, 2]);
    assert.deepEqual(rowsInside(box, points, new Uint8Array([1, 0, 1])), [2]);
    const lasso = { lassoPoints: { x: [-2, -2, 0.5], y: [-2, 0.5, -2] } };
    assert.deepEqual(rowsInside(lasso, points, new Uint8Array([1, 1, 1])), [0]);
    assert.deepEqual(rowsInside({}, points, new Uint8Array([1, 1, 1])), []);
  });
});

describe("boxOf", () => {
  test("holds the middle of some rows", () => {
    const axes = [Float32Array.from({ length: 102 }, (_, row) => row), new Float32Array(102).fill(5)];
    const rows = new Uint8Array(102).fill(1, 1); // 1 to 101; 2 % on each side are left out
    assert.deepEqual(boxOf({ axes }, rows), { center: [51, 5], half: [48, 0] });
    assert.deepEqual([...axes[0].slice(0, 3)], [0, 1, 2]);
  });

  test("is none of no rows", () => {
    assert.equal(boxOf({ axes: [new Float32Array(3)] }, new Uint8Array(3)), null);
  });
});
