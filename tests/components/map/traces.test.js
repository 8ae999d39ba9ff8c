// What plotly.js is given: which rows are in which trace, in which order and color.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toDisplay } from "../../../components/map/points.js";
import { buildLayout, buildTraces, emptyTraces } from "../../../components/map/traces.js";

const THEME = { background: "#000000", text: "#ffffff", accent: "#ff0000", font: "sans-serif" };
const X = [-1, -0.5, 0, 0.5, 1];
const points = toDisplay(new Float32Array([...X, 0, 0, 0, 0, 0]), 5, 2);
const categories = {
  kind: "categories", url: "c", title: "kind", names: ["a<b", "c"], counts: [3, 2],
  palette: ["#111111", "#222222"], click: "solo", codes: new Uint8Array([0, 1, 0, 1, 0]),
};
const numbers = {
  kind: "numbers", url: "n", title: "how <many>", low: 0, high: 9,
  values: new Float32Array([1, NaN, 3, 4, 5]),
};
const build = (changes) => buildTraces({
  points, colors: categories, mask: null, alone: null, hidden: new Set(),
  style: { size: 1, opacity: 1, diameters: null }, theme: THEME,
  ...changes,
});
const xs = (trace) => [...trace.x];

describe("categories", () => {
  test("have one trace each, the first category on top", () => {
    const traces = build({});
    assert.deepEqual(traces.map((trace) => trace.name), ["c", "a&lt;b"]);
    assert.deepEqual(traces.map(xs), [[-0.5, 0.5], [-1, 0, 1]]);
    assert.deepEqual(traces.map((trace) => trace.marker.color), ["#222222", "#111111"]);
    assert.deepEqual(traces.map((trace) => trace.type), ["scattergl", "scattergl"]);
  });

  test("hidden ones are not visible", () => {
    assert.deepEqual(build({ hidden: new Set([1]) }).map((trace) => trace.visible), [false, true]);
  });

  test("rows outside a mask are muted below, those of hidden categories left out", () => {
    const mask = new Uint8Array([1, 1, 0, 0, 0]);
    const traces = build({ mask });
    assert.deepEqual(traces.map((trace) => trace.name), ["not selected", "c", "a&lt;b"]);
    assert.deepEqual(traces.map(xs), [[0, 1, 0.5], [-0.5], [-1]]);
    assert.ok(traces[0].marker.opacity < traces[1].marker.opacity);
    assert.deepEqual(xs(build({ mask, hidden: new Set([1]) })[0]), [0, 1]);
  });

  test("rows that are not to be alone are left out, muted ones, too", () => {
    const alone = new Uint8Array([1, 1, 0, 0, 0]);
    assert.deepEqual(build({ alone }).map(xs), [[-0.5], [-1]]);
    const mask = new Uint8Array([1, 0, 1, 0, 0]);
    const traces = build({ mask, alone });
    assert.deepEqual(traces.map((trace) => trace.name), ["not selected", "c", "a&lt;b"]);
    assert.deepEqual(traces.map(xs), [[-0.5], [], [-1]]);
  });
});

test("size and opacity apply to all points, those of other colors and in 3D, too", () => {
  const mask = new Uint8Array([1, 1, 0, 0, 0]);
  const spatial = toDisplay(new Float32Array([...X, ...X, ...X]), 5, 3);
  for (const changes of [{ mask }, { mask, colors: numbers }, { mask, points: spatial }]) {
    const before = build(changes);
    const after = build({ ...changes, style: { size: 2, opacity: 0.5 } });
    assert.deepEqual(after.map(({ marker }) => marker.size), before.map(({ marker }) => 2 * marker.size));
    assert.deepEqual(after.map(({ marker }) => marker.opacity), before.map(({ marker }) => marker.opacity / 2));
  }
});

test("each point has the size of its row, muted ones and those without a number, too", () => {
  const style = { size: 1, opacity: 1, diameters: new Float32Array([1, 2, 3, 4, 5]) };
  const factors = (trace, size) => [...trace.marker.size].map((each) => Math.round(each / size));
  const { size } = build({})[0].marker;
  const mask = new Uint8Array([1, 1, 0, 0, 0]);
  assert.deepEqual(build({ style, mask }).map((trace) => factors(trace, size)), [[3, 5, 4], [2], [1]]);
  assert.deepEqual(build({ style, colors: numbers }).map((trace) => factors(trace, size)), [[2], [1, 3, 4, 5]]);
  const spatial = toDisplay(new Float32Array([...X, ...X, ...X]), 5, 3);
  const refs = [points, spatial].map((each) => build({ style, points: each })[0].marker.sizeref);
  assert.deepEqual(refs, [1, 0.5]); // plotly.js draws 3D sizes that differ at half the size of equal ones
});

describe("numbers", () => {
  test("have one trace by scale, above the rows without a number", () => {
    const [missing, known] = build({ colors: numbers });
    assert.deepEqual(xs(missing), [-0.5]);
    assert.deepEqual(xs(known), [-1, 0, 0.5, 1]);
    assert.deepEqual([...known.marker.color], [1, 3, 4, 5]);
    assert.deepEqual([known.marker.cmin, known.marker.cmax], [0, 9]);
    assert.equal(known.marker.colorbar.title.text, "how &lt;many&gt;");
  });

  test("take their colors at even distances from a ramp", () => {
    const { marker } = build({ colors: { ...numbers, ramp: ["#000000", "#808080", "#ffffff"] } }).at(-1);
    assert.deepEqual(marker.colorscale, [[0, "#000000"], [0.5, "#808080"], [1, "#ffffff"]]);
    assert.equal(build({ colors: numbers }).at(-1).marker.colorscale, "Viridis");
  });

  test("a scale of time has its own ticks", () => {
    const ticks = { values: [1, 2], texts: ["2025", "2026"] };
    const bar = (colors) => build({ colors }).at(-1).marker.colorbar;
    assert.deepEqual(bar({ ...numbers, ticks }).ticktext, ticks.texts);
    assert.deepEqual(bar({ ...numbers, ticks }).tickvals, ticks.values);
    assert.ok(!("tickmode" in bar(numbers)));
  });
});

test("without WebGL the traces are empty, and numbers keep their color bar", () => {
  assert.deepEqual(emptyTraces(points, categories, THEME).map(xs), [[]]);
  const [trace] = emptyTraces(points, numbers, THEME);
  assert.deepEqual([xs(trace), trace.type, trace.marker.showscale], [[], "scatter", true]);
});

test("in 3D all points are within the axes, which have the colors of the theme", () => {
  const spatial = toDisplay(new Float32Array([...X, ...X, ...X]), 5, 3);
  const { scene } = buildLayout(spatial, THEME, { left: 0, width: 100, height: 100 });
  assert.ok(scene.xaxis.range[1] > spatial.reach);
  assert.equal(scene.xaxis.gridcolor, "rgb(26, 26, 26)"); // a tenth of white on black
  assert.deepEqual(build({ points: spatial }).map((trace) => trace.type), ["scatter3d", "scatter3d"]);
});
