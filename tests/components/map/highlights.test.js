// The legend's switches, the nearness of neighbors, and where labels find room.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { freePlace } from "../../../components/map/canvas.js";
import { withNearness } from "../../../components/map/focus.js";
import { stepTo, toggleAlone, toggleHidden } from "../../../components/map/legend.js";
import { modeOf } from "../../../components/map/pointer.js";

describe("the legend", () => {
  test("shows a category alone, and then all again", () => {
    const alone = toggleAlone(new Set(), 1, 3);
    assert.deepEqual([...alone], [0, 2]);
    assert.deepEqual([...toggleAlone(alone, 1, 3)], []);
    assert.deepEqual([...toggleAlone(alone, 2, 3)], [0, 1]);
    assert.deepEqual([...toggleAlone(new Set([0]), 1, 3)], [0, 2]);
  });

  test("is walked with the arrow keys", () => {
    const lines = [["a", "b"], ["c", "d"]];
    assert.deepEqual(
      ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Tab"].map((key) => stepTo(lines, 0, 0, key)),
      [null, "c", null, "b", null],
    );
    assert.deepEqual(["ArrowUp", "ArrowDown", "ArrowLeft"].map((key) => stepTo(lines, 1, 1, key)), ["b", null, "c"]);
  });

  test("adds with Shift and subtracts with Alt", () => {
    const keys = [[false, false], [true, false], [false, true]];
    const modes = keys.map(([shiftKey, altKey]) => modeOf({ shiftKey, altKey }));
    assert.deepEqual(modes, ["replace", "add", "subtract"]);
  });

  test("hides and shows a category", () => {
    const hidden = new Set([2]);
    assert.deepEqual([...toggleHidden(hidden, 0)], [2, 0]);
    assert.deepEqual([...toggleHidden(hidden, 2)], []);
    assert.deepEqual([...hidden], [2]);
  });
});

describe("withNearness", () => {
  test("is 1 for the nearest and 0 for the farthest, by similarity and by distance", () => {
    const focus = { row: 7, rows: [1, 2, 3], values: [0.9, 0.6, 0.5] };
    assert.deepEqual(
      withNearness({ ...focus, kind: "similarity" }).nearness.map((v) => Number(v.toFixed(6))), [1, 0.25, 0],
    );
    const distances = withNearness({ ...focus, values: [1, 2, 5], kind: "distance" });
    assert.deepEqual(distances, { row: 7, rows: [1, 2, 3], nearness: [1, 0.75, 0] });
  });

  test("is the same for equal values", () => {
    const focus = { row: null, rows: [1, 2], values: [3, 3] };
    assert.deepEqual(withNearness({ ...focus, kind: "similarity" }).nearness, [1, 1]);
    assert.deepEqual(withNearness({ ...focus, kind: "distance" }).nearness, [0, 0]);
  });
});

describe("freePlace", () => {
  const at = { x: 100, y: 100 };

  test("tries right, left, above and below", () => {
    const taken = [];
    const found = [];
    for (let place; (place = freePlace(at, 40, 8, taken, 1000)); ) {
      taken.push({ ...place, width: 40 });
      found.push([place.x, place.y]);
    }
    assert.deepEqual(found, [[108, 92], [52, 92], [80, 76], [80, 108]]);
  });

  test("stays within the canvas", () => {
    assert.deepEqual(freePlace(at, 40, 8, [], 140), { x: 52, y: 92 });
    assert.equal(freePlace({ x: 10, y: 10 }, 200, 8, [], 100), null);
  });
});
