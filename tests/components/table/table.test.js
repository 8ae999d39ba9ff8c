// The table: how clicks on a header sort, and where keys lead.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { nextSort, placeAfter } from "../../../components/table/table.js";

describe("a click on a header", () => {
  const year = { name: "year", first: "ascending" };
  const nearness = { name: "(similarity)", first: "descending" };
  const unsorted = { column: "", direction: "ascending" };

  test("sorts one way, then the other, then not at all", () => {
    const once = nextSort(unsorted, year);
    assert.deepEqual(once, { column: "year", direction: "ascending" });
    const twice = nextSort(once, year);
    assert.deepEqual(twice, { column: "year", direction: "descending" });
    assert.deepEqual(nextSort(twice, year), unsorted);
  });

  test("begins with the nearest", () => {
    const once = nextSort(unsorted, nearness);
    assert.deepEqual(once, { column: "(similarity)", direction: "descending" });
    assert.deepEqual(nextSort(once, nearness), { column: "(similarity)", direction: "ascending" });
  });

  test("sorts by another column from its first direction on", () => {
    assert.deepEqual(nextSort({ column: "year", direction: "descending" }, nearness), {
      column: "(similarity)", direction: "descending",
    });
  });
});

test("keys lead to the rows beside, and to the ends", () => {
  assert.equal(placeAfter("ArrowDown", 0, 3), 1);
  assert.equal(placeAfter("ArrowDown", 2, 3), 2);
  assert.equal(placeAfter("ArrowUp", 2, 3), 1);
  assert.equal(placeAfter("ArrowUp", 0, 3), 0);
  assert.equal(placeAfter("End", 0, 3), 2);
  assert.equal(placeAfter("Home", 2, 3), 0);
  for (const key of ["Enter", " ", "Tab", "a", "ArrowLeft"]) assert.equal(placeAfter(key, 1, 3), null);
});
