// Search: which labels match, and in which order.
import assert from "node:assert/strict";
import { test } from "node:test";
import { queryTitle, rankedMatches } from "../../../components/search/search.js";

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

test("arithmetic over known labels is offered, anything else is not", () => {
  const labels = ["king", "man", "well-known", "new york", "a - b", "5"];
  const offered = [
    "king - man", "king-man", "- man + king", "king \u2212 man", 'king - "new york"', "new york + king",
    "well-known - king",
  ];
  for (const text of offered) assert.equal(queryTitle(labels, text), `Nearest to ${text}`, text);
  for (const text of ["king", "king - mann", "king -", "a - b", "well-known", "", "-"]) {
    assert.equal(queryTitle(labels, text), "", text);
  }
  assert.equal(queryTitle(labels, Array(9).fill("king").join(" + ")), "");
});

test("a pasted vector is offered", () => {
  assert.equal(queryTitle(["x"], "[1, -2.5, 3e-2]"), "Nearest to this vector of 3 numbers");
  assert.equal(queryTitle(["x"], "1 2"), "Nearest to this vector of 2 numbers");
  for (const text of ["1", "1, x", "1 2 "]) assert.equal(queryTitle(["1 2 "], text), "", text);
});
