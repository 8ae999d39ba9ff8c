// Added points: where they are, which one is clicked, and what is drawn for them.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { displayedPoints, drawAdded, pickAdded, placesOf } from "../../../components/map/added.js";
import { toDisplay } from "../../../components/map/points.js";

const projection = { at: (x, y, z) => ({ x: 100 + 100 * x, y: 100 - 100 * y, depth: z }) };

describe("the places of added points", () => {
  const layout = new Float32Array([-4, 4, 4, -4, -4, -4, 4, 4]); // a square: all x, then all y

  test("are those of the points with the same coordinates, and may be beyond them", () => {
    const points = toDisplay(layout, 4, 2);
    const added = { count: 3, dims: 2, coordinates: new Float32Array([4, 0, 8, -4, 0, 0]), labels: [] };
    const places = placesOf(added, points, projection).map(({ x, y }) => [x, y]);
    assert.deepEqual(places, [[200, 200], [100, 100], [300, 100]]);
    const [x, y] = points.axes.map((axis) => axis[1]);
    assert.deepEqual(places[0], [projection.at(x, y).x, projection.at(x, y).y]);
  });

  test("have a third coordinate in 3D", () => {
    const points = toDisplay(new Float32Array([-1, 1, -1, 1, -1, 1]), 2, 3);
    const added = { count: 1, dims: 3, coordinates: new Float32Array([1, -1, 0.5]), labels: [] };
    assert.deepEqual(placesOf(added, points, projection), [{ x: 200, y: 200, depth: 0.5 }]);
  });

  test("are none on a layout of other dimensions", () => {
    const added = { count: 1, dims: 3, coordinates: new Float32Array(3), labels: [] };
    assert.deepEqual(placesOf(added, toDisplay(layout, 4, 2), projection), []);
    assert.deepEqual(displayedPoints(added, toDisplay(layout, 4, 2)), []);
  });
});

describe("picking", () => {
  const places = [{ x: 10, y: 10, depth: 0 }, null, { x: 14, y: 10, depth: 0 }, { x: 14, y: 10, depth: 0 }];

  test("takes the nearest, and the one above of equals", () => {
    assert.equal(pickAdded(places, 9, 10), 0);
    assert.equal(pickAdded(places, 14, 11), 3);
  });

  test("takes none that is farther than the ring", () => {
    assert.equal(pickAdded(places, 23, 10), null);
    assert.equal(pickAdded([null], 0, 0), null);
  });
});

describe("drawing", () => {
  const theme = { accent: "#ff0000", background: "#ffffff", text: "#000000", font: "x" };

  /** Record the rings by color, and the texts. */
  function draw(places, labels) {
    const rings = {};
    const texts = [];
    let radius = 0;
    const context = {
      canvas: { clientWidth: 5000 },
      beginPath: () => {},
      arc: (x, y, r) => { radius = r; },
      stroke() { (rings[this.strokeStyle] ??= []).push(radius); },
      measureText: () => ({ width: 20 }),
      strokeText: () => {},
      fillText: (text) => texts.push(text),
    };
    drawAdded(context, places, labels, theme, []);
    return { rings, texts };
  }

  test("rings each point in the theme's accent, on a ring of the background", () => {
    const { rings, texts } = draw([{ x: 0, y: 50 }, null, { x: 200, y: 50 }], ["a", "b", "c"]);
    assert.deepEqual(rings, { "#ffffff": [5, 5], "#ff0000": [5, 5] });
    assert.deepEqual(texts, ["a", "c"]);
  });

  test("leaves the labels of many to the pointer", () => {
    const places = Array.from({ length: 31 }, (_, i) => ({ x: 100 * i, y: 50 }));
    const { rings, texts } = draw(places, places.map(String));
    assert.equal(rings["#ff0000"].length, 31);
    assert.deepEqual(texts, []);
  });
});
