// The contact sheet: where keys lead in its grid.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellAfter } from "../../../components/contact_sheet/contact_sheet.js";

test("keys move between images, a row up or down, and stay within the grid", () => {
  const to = (key, place) => cellAfter(key, place, 10, 4);
  assert.deepEqual(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"].map((key) => to(key, 5)), [4, 6, 1, 9]);
  assert.deepEqual(["ArrowLeft", "ArrowUp", "Home", "End"].map((key) => to(key, 0)), [null, null, 0, 9]);
  assert.deepEqual(["ArrowRight", "ArrowDown"].map((key) => to(key, 9)), [null, null]);
  assert.equal(to("ArrowDown", 7), null);
  assert.equal(to("Enter", 5), null);
});
