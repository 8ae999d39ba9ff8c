// Labels of central points: which points are central, which labels are written, and where.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { centralPoints, MOST_CENTRAL } from "../../../components/map/central.js";
import { placeLabels } from "../../../components/map/point_labels.js";
import { perScene, standingOut } from "../../../components/map/scene.js";

const all = (count) => new Uint8Array(count).fill(1);

/** A dense group of nine, its middle at row 0, with `stragglers` in the same part of the map. */
function group(stragglers = []) {
  const places = [[0.3, 0.3]];
  for (let i = 0; i < 8; i++) places.push([0.3 + 0.01 * Math.cos(i), 0.3 + 0.01 * Math.sin(i)]);
  return pointsAt([...places, ...stragglers]);
}

function pointsAt(places) {
  const axes = places[0].map((_, axis) => Float32Array.from(places, (place) => place[axis]));
  return { axes, reach: 1 };
}

describe("central points", () => {
  test("are in the middle of what is densest, not in the middle of all", () => {
    const points = group([[0.05, 0.05], [0.06, 0.45], [0.45, 0.05]]);
    const [first] = centralPoints(points, all(12));
    assert.deepEqual(first, { row: 0, radius: 0.25, isCoarsest: true });
  });

  test("come by the size of their part, then by the number of points in it", () => {
    const points = group([[-0.7, -0.7], [-0.71, -0.7], [-0.705, -0.7]]);
    const found = centralPoints(points, all(12));
    assert.deepEqual(found.slice(0, 2).map(({ row }) => row), [0, 11]);
    const radii = found.map(({ radius }) => radius);
    assert.deepEqual(radii, radii.toSorted((one, other) => other - one));
    assert.equal(new Set(found.map(({ row }) => row)).size, found.length);
  });

  test("of large parts are no outliers", () => {
    const crowd = Array.from({ length: 1998 }, (_, i) => [0.3 + i / 1e5, 0.3]);
    const found = centralPoints(pointsAt([...crowd, [-0.9, -0.9], [0.9, -0.9]]), all(2000));
    const radii = found.filter(({ row }) => row >= 1998).map(({ radius }) => radius);
    assert.deepEqual(radii, [0.125, 0.125]); // at a quarter of 1/500, one of 2000 points is enough
  });

  test("are shown rows only", () => {
    const shown = all(12);
    shown[0] = 0;
    const found = centralPoints(group([[-0.7, -0.7], [0.05, 0.05], [0.06, 0.45]]), shown);
    assert.ok(found.length > 1 && found.every(({ row }) => row !== 0));
    assert.deepEqual(centralPoints(group(), new Uint8Array(9)), []);
  });

  test("are found in 3D, too", () => {
    const points = pointsAt([[0, 0, -0.9], [0, 0, 0.9], [0.01, 0, 0.9], [-0.01, 0, 0.9]]);
    const [first, second] = centralPoints(points, all(4));
    assert.deepEqual([first.row, second.row], [1, 0]);
  });

  test("are limited, of very many points", () => {
    const places = Array.from({ length: 60_000 }, (_, i) => [(i % 250) / 125 - 1, Math.floor(i / 250) / 120 - 1]);
    const found = centralPoints(pointsAt(places), all(60_000));
    assert.equal(found.length, MOST_CENTRAL);
    assert.equal(new Set(found.map(({ row }) => row)).size, found.length);
  });
});

describe("labels", () => {
  const ROOM = { left: 100, width: 1000, height: 800 };
  const measure = (text) => 6 * text.length;

  /** Place labels at given px; each is [text, x, y, side, isCoarsest]. */
  function placed(points, mode = "many", taken = []) {
    const central = points.map(([, , , , isCoarsest = true], row) => ({ row, radius: 1, isCoarsest }));
    const locate = ({ row }) => {
      const [, x, y, side = 200] = points[row];
      return x === null ? null : { x, y, side };
    };
    return placeLabels(central, mode, locate, (row) => points[row][0], measure, ROOM, taken);
  }
  const texts = (found) => found.map(({ text }) => text);

  test("are above their points, the first ones first, without overlap", () => {
    const [king, far] = placed([["king", 300, 300], ["queen", 306, 304], ["sea", 600, 300]]);
    assert.deepEqual([king.text, far.text], ["king", "sea"]);
    assert.equal(king.x + king.width / 2, 300);
    assert.ok(king.y + king.height >= 300 && king.y < 290);
  });

  test("leave out what is elsewhere on the map already", () => {
    assert.deepEqual(placed([["king", 300, 300]], "many", [{ x: 280, y: 280, width: 20, height: 20 }]), []);
  });

  test("are few or many", () => {
    const tens = Array.from({ length: 100 }, (_, i) => [i, i % 10, Math.floor(i / 10)]);
    const many = tens.map(([i, x, y]) => [`word ${i}`, 150 + 80 * x, 60 + 70 * y]);
    assert.equal(placed(many, "few").length, 12);
    assert.equal(placed(many, "many").length, 40);
    assert.deepEqual(placed(many, "none"), []);
  });

  test("of points close to each other are one if they are to be few", () => {
    const two = [["a", 300, 300], ["b", 350, 300]];
    assert.deepEqual(texts(placed(two, "few")), ["a"]);
    assert.deepEqual(texts(placed(two, "many")), ["a", "b"]);
  });

  test("of small parts come when one zooms in, those of the largest are always there", () => {
    const small = ["ship", 600, 300, 70, false];
    assert.deepEqual(texts(placed([["sea", 300, 300, 20], small], "few")), ["sea"]);
    assert.deepEqual(texts(placed([["sea", 300, 300, 20], small], "many")), ["sea", "ship"]);
  });

  test("are not written twice, not empty, and not longer than a line", () => {
    const found = placed([["sea", 300, 300], ["sea", 700, 300], [" ", 500, 500], ["x".repeat(50), 500, 600]]);
    assert.deepEqual(texts(found), ["sea", `${"x".repeat(27)}…`]);
  });

  test("are within the plot", () => {
    assert.deepEqual(placed([["left", 102, 300], ["top", 400, 5], ["right", 996, 300], ["gone", null]]), []);
  });
});

test("what follows from a scene is computed once for it", () => {
  let calls = 0;
  const counted = perScene(() => ++calls);
  const [one, other] = [{}, {}];
  assert.deepEqual([counted(one), counted(one), counted(other)], [1, 1, 2]);
});

test("rows stand out that are visible and not muted", () => {
  const visible = Uint8Array.of(1, 1, 0);
  assert.equal(standingOut({ visible, drawable: { mask: null } }), visible);
  assert.deepEqual([...standingOut({ visible, drawable: { mask: Uint8Array.of(0, 1, 1) } })], [0, 1, 0]);
});
