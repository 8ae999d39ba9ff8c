// The density of points: its grid, the levels that hold a fraction of the points, and the contours.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { ringsAt } from "../../../components/map/contours.js";
import { densityContours, densityGrid, FRACTIONS, thresholds } from "../../../components/map/density.js";
import { drawDensity } from "../../../components/map/density_layer.js";
import { inPolygon } from "../../../components/map/points.js";

/** Values of a function at the nodes of a grid around the origin, 0 at its border. */
function gridOf(valueAt, half = 10) {
  const width = 2 * half + 1;
  const values = Float32Array.from({ length: width * width }, (_, node) => {
    const [x, y] = [node % width - half, Math.floor(node / width) - half];
    return Math.max(Math.abs(x), Math.abs(y)) === half ? 0 : valueAt(x, y);
  });
  return { width, height: width, cell: 0.5, left: -half / 2, bottom: -half / 2, values };
}

/** The corners of a ring. */
const corners = (ring) => Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i], ring[2 * i + 1]]);

/** Twice the area, positive if the ring runs counterclockwise. */
function doubleArea(ring) {
  const places = corners(ring);
  return places.reduce((sum, [x, y], i) => {
    const [nextX, nextY] = places[(i + 1) % places.length];
    return sum + x * nextY - nextX * y;
  }, 0);
}

/** Normally distributed numbers, always the same. */
function normals(count) {
  let state = 7;
  const uniform = () => (state = (state * 48271) % 2147483647) / 2147483647;
  return Array.from({ length: count }, () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()));
}

function blob(count, [x, y], spread) {
  return [normals(2 * count).slice(0, count), normals(2 * count).slice(count)]
    .map((values, axis) => Float32Array.from(values, (value) => [x, y][axis] + spread * value));
}

const all = (count) => new Uint8Array(count).fill(1);

describe("contours", () => {
  test("of a cone are circles, at places between the nodes", () => {
    const [ring, ...others] = ringsAt(gridOf((x, y) => 9 - Math.hypot(x, y)), 4);
    assert.equal(others.length, 0);
    for (const [x, y] of corners(ring)) assert.ok(Math.abs(Math.hypot(x, y) - 2.5) < 0.05, `${x}, ${y}`);
    assert.ok(doubleArea(ring) > 0); // what is higher is on the left
  });

  test("of a crater have a hole, which runs the other way", () => {
    const rings = ringsAt(gridOf((x, y) => 5 - Math.abs(5 - Math.hypot(x, y))), 3);
    assert.deepEqual(rings.map((ring) => Math.sign(doubleArea(ring))).sort(), [-1, 1]);
  });

  test("are closed where two tops touch at a corner", () => {
    const rings = ringsAt(gridOf((x, y) => Number((x === 0 && y === 0) || (x === 1 && y === 1))), 0.5);
    assert.deepEqual(rings.map((ring) => corners(ring).length), [4, 4]);
  });

  test("are none above the highest value", () => {
    assert.deepEqual(ringsAt(gridOf(() => 1), 2), []);
  });
});

describe("the density", () => {
  test("sums to the number of points that are shown and in the first view", () => {
    const points = { axes: [Float32Array.of(-0.5, 0.25, 0.3, 9), Float32Array.of(0, 0.1, 0.2, 0)], extent: [1, 0.5] };
    const grid = densityGrid(points, Uint8Array.of(1, 1, 0, 1));
    assert.ok(Math.abs(grid.values.reduce((sum, value) => sum + value, 0) - 2) < 1e-3);
    assert.ok(grid.width > grid.height);
  });

  test("has nothing to say of fewer than two points", () => {
    const points = { axes: [Float32Array.of(0, 1), Float32Array.of(0, 1)], extent: [1, 1] };
    assert.equal(densityGrid(points, Uint8Array.of(0, 1)), null);
    assert.deepEqual(densityContours(points, Uint8Array.of(0, 1)), []);
    const same = [Float32Array.of(0, 0), Float32Array.of(0, 0)];
    assert.equal(densityContours({ ...points, axes: same }, all(2)).length, FRACTIONS.length);
  });

  test("is above its threshold at nodes with the wanted fraction of the sum", () => {
    assert.deepEqual(thresholds(Float32Array.of(1, 5, 0, 4, 0), [0.5, 0.9, 1]), [5, 4, 1]);
  });

  test("has contours that hold the fractions of the points, one group in each", () => {
    const [left, right] = [blob(3000, [-0.6, 0], 0.1), blob(3000, [0.6, 0.2], 0.1)];
    const axes = [0, 1].map((axis) => Float32Array.of(...left[axis], ...right[axis]));
    const contours = densityContours({ axes, extent: [1.2, 0.8] }, all(6000));
    contours.forEach((rings, level) => {
      const insides = rings.map((ring) => {
        const places = corners(ring);
        return inPolygon({ x: places.map(([x]) => x), y: places.map(([, y]) => y) });
      });
      let inside = 0;
      axes[0].forEach((x, row) => {
        if (insides.filter((isIn) => isIn(x, axes[1][row])).length % 2) inside++;
      });
      assert.ok(Math.abs(inside / 6000 - FRACTIONS[level]) < 0.05, `${inside / 6000} for ${FRACTIONS[level]}`);
    });
    const centers = contours[3].map((ring) => corners(ring)[0][0] > 0);
    assert.ok(centers.includes(true) && centers.includes(false));
    const half = Uint8Array.from({ length: 6000 }, (_, row) => Number(row < 3000));
    const only = densityContours({ axes, extent: [1.2, 0.8] }, half);
    assert.ok(only.flat().every((ring) => corners(ring).every(([x]) => x < 0)));
  });
});

describe("the layer of the density", () => {
  const theme = { background: "#ffffff", text: "#000000", accent: "#ff0000", font: "sans-serif" };
  const contours = [[[0, 0, 2, 0, 2, 2]], [[1, 0, 2, 0, 2, 1]]];
  const draw = (mode) => {
    const calls = [];
    const context = new Proxy({}, {
      get: (target, name) => target[name] ?? ((...values) => calls.push([name, ...values])),
      set: (target, name, value) => {
        target[name] = value;
        return true;
      },
    });
    drawDensity(context, { place: (x, y) => ({ x: 10 * x, y: -10 * y, depth: 0 }) }, contours, mode, theme);
    return calls;
  };

  test("has areas or lines at the places of the contours", () => {
    assert.deepEqual(draw("none"), []);
    const path = [["beginPath"], ["moveTo", 0, -0], ["lineTo", 20, -0], ["lineTo", 20, -20], ["closePath"]];
    assert.deepEqual(draw("shading").slice(0, 6), [...path, ["fill"]]);
    assert.deepEqual(draw("contours").slice(0, 6), [...path, ["stroke"]]);
    assert.equal(draw("contours").length, 12);
  });
});
