// Hints go away once they are followed or dismissed, also for the next visit.
import assert from "node:assert/strict";
import { test } from "node:test";
import { remaining } from "../../../components/hints/hints.js";

const hints = [
  { text: "Click a point", events: ["click", "query"] },
  { text: "Draw a box", events: ["selection", "toggle"] },
];
const texts = (...names) => remaining(hints, new Set(names)).map((hint) => hint.text);

test("a hint stays until it is followed, by any of its events", () => {
  assert.deepEqual(texts(), ["Click a point", "Draw a box"]);
  assert.deepEqual(texts("hidden", "sort"), ["Click a point", "Draw a box"]);
  assert.deepEqual(texts("query"), ["Draw a box"]);
  assert.deepEqual(texts("toggle", "click"), []);
});
