// Projection to the screen and back, and picking, on charts whose view is known.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { pick, projection } from "../../../components/map/projection.js";

/** An axis over a range of 200 px that starts 10 px from the edge. */
function axis(low, high, { reversed = false } = {}) {
  const toPx = (v) => ((v - low) / (high - low)) * 200;
  return {
    range: [low, high], _offset: 10, _length: 200,
    c2p: (v) => (reversed ? 200 - toPx(v) : toPx(v)),
    p2c: (px) => low + ((reversed ? 200 - px : px) / 200) * (high - low),
  };
}

const IDENTITY = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
/** Column-major: x and y stay, depth is the third coordinate, w is 2 - z. */
const PERSPECTIVE = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, -1, 0, 0, 0, 2];

function planarGraph(low, high) {
  return { _fullLayout: { xaxis: axis(low, high), yaxis: axis(low, high, { reversed: true }) } };
}

function spatialGraph({ projection: matrix = PERSPECTIVE, view = IDENTITY, model = IDENTITY, left = 0 } = {}) {
  const cameraParams = { projection: matrix, view, model };
  return {
    _fullLayout: {
      _size: { l: left, t: 0, w: 400, h: 200 },
      scene: { _scene: { dataScale: [1, 1, 1], glplot: { cameraParams } } },
    },
  };
}

const points = (dims, ...rows) => ({
  dims, count: rows.length, axes: [0, 1, 2].slice(0, dims).map((i) => new Float32Array(rows.map((row) => row[i]))),
});

describe("in 2D", () => {
  test("a row is projected by the axes", () => {
    const { project } = projection(planarGraph(-1, 1), points(2, [0, 0], [1, 1]));
    assert.deepEqual(project(0), { x: 110, y: 110, depth: 0 });
    assert.deepEqual(project(1), { x: 210, y: 10, depth: 0 });
  });

  test("unproject inverts the projection", () => {
    const { place, unproject } = projection(planarGraph(-3, 5), points(2));
    for (const [x, y] of [[0, 0], [-2.5, 4], [5, -3]]) {
      const at = place(x, y);
      const back = unproject(at.x, at.y);
      assert.ok(Math.abs(back[0] - x) < 1e-9 && Math.abs(back[1] - y) < 1e-9);
    }
  });

  test("refresh takes the view of the last relayout and reports movement", () => {
    const graph = planarGraph(-1, 1);
    const { project, refresh } = projection(graph, points(2, [0, 0]));
    const before = refresh();
    assert.equal(refresh(), before);
    Object.assign(graph, planarGraph(0, 2));
    assert.equal(project(0).x, 110);
    assert.notEqual(refresh(), before);
    assert.equal(project(0).x, 10);
  });
});

describe("in 3D", () => {
  test("a row is transformed by model, view and projection", () => {
    const shift = [...IDENTITY];
    shift[12] = 0.5; // moves x by a half
    const { project, refresh } = projection(spatialGraph({ model: shift }), points(3, [0, 0, 0], [-0.5, 1, 1]));
    refresh();
    assert.deepEqual(project(0), { x: 250, y: 100, depth: 0 }); // (0.5 / 2 + 1) / 2 of 400
    assert.deepEqual(project(1), { x: 200, y: 0, depth: 1 });
  });

  test("the scene is beside the legend", () => {
    const { project, refresh } = projection(spatialGraph({ left: 90 }), points(3, [0, 0, 0]));
    refresh();
    assert.deepEqual(project(0), { x: 290, y: 100, depth: 0 });
  });

  test("points behind the camera have no position", () => {
    const { project, refresh } = projection(spatialGraph(), points(3, [0, 0, 2], [0, 0, 3]));
    refresh();
    assert.equal(project(0), null);
    assert.equal(project(1), null);
  });

  test("before the scene is drawn no row has a position", () => {
    const graph = spatialGraph();
    delete graph._fullLayout.scene._scene.glplot.cameraParams;
    const { project, refresh } = projection(graph, points(3, [0, 0, 0]));
    assert.equal(refresh(), "");
    assert.equal(project(0), null);
  });

  test("unproject is not possible", () => {
    const { place, unproject } = projection(spatialGraph(), points(3));
    assert.equal(place(0, 0), null);
    assert.equal(unproject(0, 0), null);
  });
});

describe("pick", () => {
  test("takes the nearest visible row within the radius", () => {
    const map = projection(planarGraph(-1, 1), points(2, [0, 0], [0.05, 0], [1, 1]));
    assert.equal(pick(map, new Uint8Array([1, 1, 1]), 113, 110, 9), 1); // rows at 110 and 115 px
    assert.equal(pick(map, new Uint8Array([1, 0, 1]), 113, 110, 9), 0);
    assert.equal(pick(map, new Uint8Array([1, 1, 1]), 150, 150, 9), null);
  });

  test("takes the frontmost of coinciding rows", () => {
    const map = projection(spatialGraph(), points(3, [0, 0, 0.5], [0, 0, -0.5], [0, 0, 0.2]));
    assert.equal(pick(map, new Uint8Array([1, 1, 1]), 200, 100, 9), 1);
    assert.equal(pick(map, new Uint8Array([1, 0, 1]), 200, 100, 9), 2);
  });
});
