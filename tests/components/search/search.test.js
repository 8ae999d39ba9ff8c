// Search: which labels match, and in which order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { rankedMatches } from "../../../components/search/search.js";

test("labels that equal the text come first, then by where the text begins", () => {
  const labels = ["scatter", "black cat", "category", "cat", "concat", "dog", "the cat", "cat"];
  assert.deepEqual(rankedMatches(labels, "cat"), [3, 7, 2, 1, 6, 0, 4]);
});

test("a word begins after anything that is not a letter or digit, in every script", () => {
  assert.deepEqual(rankedMatches(["x7 #12", "новыйкот", "новый кот", "a-кот", "1кот"], "кот"), [2, 3, 1, 4]);
  assert.deepEqual(rankedMatches(["7 #12", "70 #12"], "#12"), [0, 1]);
});

test("without a match nothing is found", () => {
  assert.deepEqual(rankedMatches(["a", "b", ""], "c"), []);
});
