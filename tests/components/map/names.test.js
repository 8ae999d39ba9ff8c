// Names of groups on the map: which are written, and where.
import assert from "node:assert/strict";
import { test } from "node:test";
import { placeNames } from "../../../components/map/names.js";

const ROOM = { left: 0, width: 1000, height: 800 };
const measure = (text) => 10 * text.length;

/** Place groups at given px; each name is [text, x, y, radius, level]. */
function placed(groups, room = ROOM) {
  const names = groups.map(([text, , , radius, level = 0], row) => ({ text, row, radius, level, code: null }));
  const locate = ({ row }) => {
    const [, x, y, radius] = groups[row];
    return x === null ? null : { x, y, radius };
  };
  return placeNames(names, locate, measure, room);
}
const lines = (found) => found.map((each) => each.lines.join(" | "));

test("a name is centered where its group is, coarse ones with two terms", () => {
  const [name] = placed([["sea, ship, war", 500, 400, 50]]);
  assert.deepEqual(name.lines, ["sea", "ship"]);
  assert.deepEqual([name.x + name.width / 2, name.y + name.height / 2], [500, 400]);
  assert.equal(name.width, 40);
});

test("names never overlap, and the first ones come first", () => {
  const many = Array.from({ length: 60 }, (_, i) => [`group ${i}`, 300 + ((i * 37) % 400), 300 + ((i * 53) % 300), 50]);
  const found = placed(many);
  assert.equal(found[0].lines[0], "group 0");
  assert.ok(found.length > 5 && found.length < 60);
  for (const one of found) {
    for (const other of found) {
      if (one === other) continue;
      const apart = one.x >= other.x + other.width || other.x >= one.x + one.width
        || one.y >= other.y + other.height || other.y >= one.y + one.height;
      assert.ok(apart, `${one.lines} over ${other.lines}`);
    }
  }
});

test("finer groups are named once they are large enough, by what coarser ones are not", () => {
  const coarse = ["sea, ship", 500, 400, 90], far = [500, 700];
  assert.deepEqual(lines(placed([coarse, ["war", ...far, 10, 1]])), ["sea | ship"]);
  assert.deepEqual(lines(placed([coarse, ["war, sea", ...far, 20, 1]])), ["sea | ship", "war"]);
  assert.deepEqual(lines(placed([coarse, ["sea, war", ...far, 20, 1]])), ["sea | ship", "war"]);
  assert.deepEqual(lines(placed([coarse, ["sea", ...far, 20, 1]])), ["sea | ship"]);
});

test("names that would leave the plot, or are behind the camera, are left out", () => {
  assert.deepEqual(placed([["sea", 5, 400, 50]]), []);
  assert.deepEqual(placed([["sea", 220, 400, 50]], { ...ROOM, left: 210 }), []);
  assert.deepEqual(placed([["sea", 500, 2, 50]]), []);
  assert.deepEqual(placed([["sea", null, null, 50]]), []);
});

test("long terms are cut", () => {
  assert.equal(placed([["x".repeat(40), 500, 400, 50]])[0].lines[0], `${"x".repeat(25)}…`);
});
