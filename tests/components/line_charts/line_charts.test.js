// Line charts: what is drawn of a line, what a screen reader reads, and the moving average.
import assert from "node:assert/strict";
import { test } from "node:test";
import { description, lineTraces, smoothed, stepsOf, valuesAt } from "../../../components/line_charts/line_charts.js";

const line = { name: "each <epoch>", color: "#0072B2", faint: false, x: [1, 1500], y: [2.5, 0.123456] };

test("a description reads the last value of each line", () => {
  const lines = [line, { ...line, name: "b", y: [1, null] }];
  assert.equal(
    description({ title: "Loss", x_title: "Step", lines }),
    "Loss by step; each <epoch>: 0.1235 at step 1,500; b:  at step 1,500",
  );
});

test("a name is escaped; markers are drawn where there are few points, and none on faint lines", () => {
  const long = { ...line, x: Array.from({ length: 61 }, (_, i) => i) };
  assert.equal(lineTraces(line, 0, "Step")[0].name, "each &lt;epoch&gt;");
  assert.deepEqual([line, long, { ...line, faint: true }].map((each) => lineTraces(each, 0, "Step")[0].mode), [
    "lines+markers", "lines", "lines",
  ]);
});

test("the average is weighted by powers of the weight, whose sum is divided by", () => {
  const values = [4, 0, 8, 2], weight = 0.8;
  const expected = values.map((value, last) => {
    const weights = values.slice(0, last + 1).map((each, i) => weight ** (last - i));
    const sum = weights.reduce((total, each) => total + each);
    return weights.reduce((total, each, i) => total + each * values[i], 0) / sum;
  });
  smoothed(values, weight).forEach((value, i) => assert.ok(Math.abs(value - expected[i]) < 1e-12));
  assert.deepEqual(smoothed([3, 3, 3], 0.9).map((value) => value.toFixed(9)), Array(3).fill("3.000000000"));
  assert.deepEqual(smoothed([5, 1], 0), [5, 1]);
  assert.deepEqual(smoothed([null, 2, null, 2], 0.5), [null, 2, null, 2]);
});

test("a smoothed line is in front of what was measured, which is faint and silent", () => {
  const [measured, average] = lineTraces(line, 0.8, "Step");
  assert.deepEqual([measured.y, measured.opacity, measured.hoverinfo], [line.y, 0.25, "skip"]);
  assert.deepEqual([average.y, average.customdata], [smoothed(line.y, 0.8), line.y]);
});

test("the arrow keys find each step once, and what the lines are there", () => {
  const lines = [line, { ...line, name: "b", x: [1, 20], y: [7, 8] }];
  assert.deepEqual(stepsOf(lines), [1, 20, 1500]);
  assert.equal(valuesAt(lines, 1), "each <epoch> 2.5; b 7");
  assert.equal(valuesAt(lines, 20), "b 8");
});
