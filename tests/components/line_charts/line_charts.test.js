// Line charts: what is drawn of a line, and what a screen reader reads.
import assert from "node:assert/strict";
import { test } from "node:test";
import { description, lineTrace } from "../../../components/line_charts/line_charts.js";

const line = { name: "each <epoch>", color: "#0072B2", faint: false, x: [1, 1500], y: [2.5, 0.123456] };

test("a description reads the last value of each line", () => {
  const lines = [line, { ...line, name: "b", y: [1, null] }];
  assert.equal(description("loss", lines), "loss; each <epoch>: 0.1235 at step 1,500; b:  at step 1,500");
});

test("a name is escaped; markers are drawn where there are few points, and none on faint lines", () => {
  const long = { ...line, x: Array.from({ length: 61 }, (_, i) => i) };
  assert.equal(lineTrace(line).name, "each &lt;epoch&gt;");
  assert.deepEqual([line, long, { ...line, faint: true }].map((each) => lineTrace(each).mode), [
    "lines+markers", "lines", "lines",
  ]);
});
