// Images on the map: which rows have theirs, where it is, and in which color its frame is.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { MOST_IMAGES, placeImages, rowsInView, SIDE, STEP } from "../../../components/map/image_places.js";
import { colorAt, pointColors } from "../../../components/map/images.js";

const ROOM = { left: 0, width: 1000, height: 800 };

/** Points at px of the map, on a plot whose coordinates are px; `depth` makes it one in 3D. */
function plot(places, { spatial = false } = {}) {
  return {
    project: (row) => (places[row] ? { x: places[row][0], y: places[row][1], depth: 0 } : null),
    unproject: (x, y) => (spatial ? null : [x, y]),
    axes: [0, 1].map((axis) => places.map((place) => place?.[axis] ?? 0)),
  };
}
const all = (count) => new Uint8Array(count).fill(1);
const scattered = (count) => Array.from({ length: count }, (_, i) => [(i * 617) % 1000, (i * 389) % 800]);

function placed(places, { rows = places.map((_, row) => row), around = [], opacityOf = () => 1, room = ROOM } = {}) {
  return placeImages({ project: plot(places).project, rows, around, opacityOf, room });
}
const rowsOf = (found) => found.map(({ row }) => row);

function assertApart(found) {
  for (const one of found) {
    for (const other of found) {
      const apart = one === other || Math.abs(one.x - other.x) >= STEP || Math.abs(one.y - other.y) >= STEP;
      assert.ok(apart, `the image of ${one.row} is over that of ${other.row}`);
    }
  }
}

describe("rows in view", () => {
  for (const spatial of [false, true]) {
    test(`are the visible ones within the plot, in ${spatial ? 3 : 2}D`, () => {
      const places = [[500, 400], [-5, 400], [500, 805], [20, 20], [999, 1], [300, 300]];
      const visible = Uint8Array.of(1, 1, 1, 1, 1, 0);
      const map = plot(places, { spatial });
      assert.deepEqual(rowsInView(map, map, visible, ROOM), [0, 3, 4]);
      assert.deepEqual(rowsInView(map, map, visible, { ...ROOM, left: 100, width: 900 }), [0, 4]);
    });
  }

  test("are none where the plot has no room for images of all", () => {
    const map = plot(scattered(400).map(([x, y]) => [x, y / 2]));
    assert.equal(rowsInView(map, map, all(400), ROOM)?.length, 400);
    assert.equal(rowsInView(map, map, all(400), { ...ROOM, height: 400 }), null);
    const more = scattered(401);
    assert.equal(rowsInView(plot(more), plot(more), all(401), ROOM), null);
    assert.equal(rowsInView(plot(more), plot(more), all(401), ROOM, 1.2)?.length, 401);
  });
});

describe("images", () => {
  test("are in the places of their points, none over another, at most MOST_IMAGES", () => {
    const places = scattered(400);
    const found = placed(places);
    assertApart(found);
    assert.ok(found.length > 60 && found.length <= MOST_IMAGES);
    assert.equal(found[0].row, 0);
    for (const { row, x, y } of found) assert.deepEqual([x, y], places[row]);
    const wide = Array.from({ length: 400 }, (_, i) => [(i % 20) * STEP, Math.floor(i / 20) * STEP]);
    assert.equal(placed(wide, { room: { left: 0, width: 2000, height: 2000 } }).length, MOST_IMAGES);
  });

  test("are the same for the same view, and move with it", () => {
    const places = scattered(200).map(([x, y]) => [0.7 * x, y]);
    const moved = places.map(([x, y]) => [x + 7, y - 3]);
    assert.deepEqual(placed(places), placed(places));
    assert.deepEqual(rowsOf(placed(places)), rowsOf(placed(moved)));
  });

  test("of rows that stand out come first", () => {
    const places = [[100, 100], [110, 100], [500, 500]];
    const opacityOf = (row) => (row === 0 ? 0.3 : 1);
    assert.deepEqual(placed(places, { opacityOf }).map(({ row, opacity }) => [row, opacity]), [[1, 1], [2, 1]]);
  });

  test("of a row behind the camera are left out", () => {
    assert.deepEqual(rowsOf(placed([null, [500, 400]])), [1]);
  });
});

test("no image is over the plot's buttons", () => {
  assert.deepEqual(rowsOf(placed([[990, 10], [990, 60], [700, 10]])), [1, 2]);
});

describe("images around a clicked item", () => {
  const places = scattered(60);
  places[0] = [500, 400];
  for (let row = 1; row <= 20; row++) places[row] = [500 + row, 400 + (row % 3)];
  const around = Array.from({ length: 21 }, (_, row) => row);

  test("are beside their points while all are in view, the nearest ones, none over another", () => {
    const found = placed(places, { rows: null, around });
    assert.deepEqual(rowsOf(found), around.slice(0, 13));
    assertApart(found);
    for (const { x, y, at } of found) {
      assert.ok(Math.hypot(x - 500, y - 400) > SIDE, "an image covers the clicked point");
      assert.ok(Math.hypot(x - at.x, y - at.y) < 5 * STEP);
    }
  });

  test("are in the places of their points once there is room, others where they leave room", () => {
    const found = placed(places, { around });
    assert.deepEqual([found[0].x, found[0].y], [500, 400]);
    assert.ok(rowsOf(found).includes(21));
    assertApart(found);
  });

  test("stay within the plot", () => {
    const corner = places.map(([x, y], row) => (row <= 20 ? [x - 490, y - 390] : [x, y]));
    for (const { x, y } of placed(corner, { rows: null, around })) {
      assert.ok(x >= SIDE / 2 && y >= SIDE / 2, `${x}, ${y}`);
    }
  });

  test("are none where the item is out of view", () => {
    assert.deepEqual(placed([[-200, 100], [-190, 100]], { rows: null, around: [0, 1] }), []);
  });
});

test("a frame has the color of its point", () => {
  const scale = [[0, "#000000"], [0.5, "#ff0000"], [1, "#ffffff"]];
  assert.equal(colorAt(scale, 0.25), "rgb(128, 0, 0)");
  assert.equal(colorAt(scale, 2), "rgb(255, 255, 255)");
  const numbers = { kind: "numbers", low: 10, high: 20, values: Float32Array.of(10, 20, NaN) };
  assert.deepEqual([0, 1, 2].map(pointColors(numbers, scale, null)), ["rgb(0, 0, 0)", "rgb(255, 255, 255)", "#8d96a3"]);
  const categories = { kind: "categories", palette: ["#0000ff", "#00ff00"], codes: Uint8Array.of(1, 0) };
  assert.deepEqual([0, 1].map(pointColors(categories, undefined, null)), ["#00ff00", "#0000ff"]);
  const levels = { ofRows: Uint8Array.of(1, 0), colors: [[1, 2, 3], [4, 5, 6]] };
  assert.equal(pointColors(categories, undefined, levels)(0), "rgb(4,5,6)");
});
