// Movements of the view: what fits, what flies, and what keys do.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  FIRST_EYE, FIRST_VIEW, fit, fitRanges, flyTo, frame, keepPlaces, keyView, readView, writeView,
} from "../../../components/map/camera.js";

const SIZE = { width: 1000, height: 500 };
const PLANAR = { dims: 2, extent: [1, 0.5] };
const SPATIAL = { dims: 3, extent: [1, 1, 1] };
const axis = (low, high) => ({ range: [low, high], _length: 0 });
const planarView = { xaxis: { ...axis(-2, 2), _length: 1000 }, yaxis: { ...axis(-1, 1), _length: 500 } };
const spatialView = (eye, center = { x: 0, y: 0, z: 0 }) => ({ scene: { camera: { eye, center, up: "kept" } } });
const close = (a, b) => assert.ok(Math.abs(a - b) < 1e-12, `${a} is not ${b}`);
const distance = ({ eye, center }) => Math.hypot(eye.x - center.x, eye.y - center.y, eye.z - center.z);

describe("fitRanges", () => {
  test("contains the cloud with a margin, at the same scale on both axes", () => {
    const [x, y] = fitRanges(PLANAR, SIZE);
    close(x[1], 1.06);
    close(x[0], -1.06);
    close((x[1] - x[0]) / SIZE.width, (y[1] - y[0]) / SIZE.height);
  });

  test("the longer side decides", () => {
    const [, y] = fitRanges({ extent: [0.1, 1] }, SIZE);
    close(y[1], 1.06);
  });
});

test("keepPlaces shows each point where it was, though the room for them has changed", () => {
  const at = ({ range, _offset, _length }, value) => _offset + ((value - range[0]) / (range[1] - range[0])) * _length;
  const before = { xaxis: { range: [2, 6], _offset: 200, _length: 800 }, yaxis: { range: [-1, 1] } };
  const now = { _offset: 0, _length: 920 };
  const { "xaxis.range": range, "yaxis.range": y } = keepPlaces(before, now);
  for (const value of [2, 3.3, 6]) close(at({ ...now, range }, value), at(before.xaxis, value));
  assert.deepEqual(y, [-1, 1]);
  assert.deepEqual(keepPlaces(before, before.xaxis), { "xaxis.range": [2, 6], "yaxis.range": [-1, 1] });
});

describe("flyTo", () => {
  test("centers the position, closer than the whole cloud", () => {
    const change = flyTo([0.5, -0.25], planarView, PLANAR, 4);
    const [x, y] = [change["xaxis.range"], change["yaxis.range"]];
    close((x[0] + x[1]) / 2, 0.5);
    close((y[0] + y[1]) / 2, -0.25);
    close(x[1] - x[0], 2.12 / 4);
  });

  test("never zooms out", () => {
    const near = { xaxis: { ...axis(0, 0.01), _length: 1000 }, yaxis: { ...axis(0, 0.005), _length: 500 } };
    const change = flyTo([0, 0], near, PLANAR, 1);
    close(change["xaxis.range"][1] - change["xaxis.range"][0], 0.01);
  });

  test("in 3D the camera looks at the place from the same side", () => {
    const { "scene.camera": camera } = flyTo([1, 0.5, -1], spatialView({ x: 3, y: 0, z: 0 }), SPATIAL, 3);
    assert.deepEqual(camera.center, { x: 0.5, y: 0.25, z: -0.5 });
    close(distance(camera), 0.7);
    close(camera.eye.y, camera.center.y);
    assert.equal(camera.up, "kept");
    const near = flyTo([0, 0, 0], spatialView({ x: 0.1, y: 0, z: 0 }), SPATIAL, 3)["scene.camera"];
    close(distance(near), 0.1);
  });
});

describe("keyView", () => {
  const press = (key, view = planarView, points = PLANAR) => keyView(key, view, points, SIZE);

  test("other keys change nothing", () => {
    for (const key of ["a", "Tab", "Enter", "1", "constructor"]) assert.equal(press(key), null);
  });

  test("arrows pan by a fraction of the view", () => {
    assert.deepEqual(press("ArrowRight")["xaxis.range"].map((v) => Number(v.toFixed(9))), [-1.4, 2.6]);
    assert.deepEqual(press("ArrowRight")["yaxis.range"], [-1, 1]);
    assert.deepEqual(press("ArrowDown")["yaxis.range"].map((v) => Number(v.toFixed(9))), [-1.3, 0.7]);
    close(press("ArrowLeft")["xaxis.range"][0], -2.6);
    close(press("ArrowUp")["yaxis.range"][1], 1.3);
  });

  test("+ and - zoom about the center, and undo each other", () => {
    const near = press("+");
    close(near["xaxis.range"][1], 2 / 1.3);
    assert.deepEqual(press("="), near);
    const view = { xaxis: axis(...near["xaxis.range"]), yaxis: axis(...near["yaxis.range"]) };
    close(press("-", view)["xaxis.range"][1], 2);
  });

  test("0 fits the cloud", () => {
    const [x, y] = fitRanges(PLANAR, SIZE);
    assert.deepEqual(fit(PLANAR, SIZE), { "xaxis.range": x, "yaxis.range": y });
    assert.deepEqual(press("0"), fit(PLANAR, SIZE));
    assert.deepEqual(press("0", spatialView(FIRST_EYE), SPATIAL), { "scene.camera": { eye: FIRST_EYE } });
  });

  test("in 3D arrows go around at the same distance, and stop before the poles", () => {
    const view = spatialView({ x: 1, y: 1, z: 1 }, { x: 0.5, y: 0, z: 0 });
    const before = distance(view.scene.camera);
    for (const key of ["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown"]) {
      close(distance(press(key, view, SPATIAL)["scene.camera"]), before);
    }
    close(distance(press("-", view, SPATIAL)["scene.camera"]), 1.3 * before);
    let camera = view.scene.camera;
    for (let i = 0; i < 50; i++) camera = press("ArrowUp", { scene: { camera } }, SPATIAL)["scene.camera"];
    const altitude = Math.asin((camera.eye.z - camera.center.z) / distance(camera));
    close(altitude, 1.5);
  });
});

describe("a view as text", () => {
  test("comes back with the same center and scale, whatever the width of the window", () => {
    const text = writeView(planarView, 2);
    assert.equal(text, "0,0,1");
    assert.deepEqual(readView(text, 2, SIZE), { "xaxis.range": [-2, 2], "yaxis.range": [-1, 1] });
    assert.deepEqual(readView("0.5,1,1", 2, { width: 500, height: 500 })["xaxis.range"], [-0.5, 1.5]);
  });

  test("has eye and center in 3D", () => {
    const view = spatialView({ x: 1, y: 2, z: 3 }, { x: 0.5, y: 0, z: -1 });
    assert.equal(writeView(view, 3), "1,2,3,0.5,0,-1");
    const { eye, center } = readView("1,2,3,0.5,0,-1", 3, SIZE)["scene.camera"];
    assert.deepEqual([eye, center], [{ x: 1, y: 2, z: 3 }, { x: 0.5, y: 0, z: -1 }]);
    assert.equal(writeView(spatialView(FIRST_EYE), 3), FIRST_VIEW);
  });

  test("that describes none is passed over", () => {
    for (const text of ["", "1,2", "1,2,x", "0,0,0", "0,0,-1", "1,2,3,4,5,6", "Infinity,0,1"]) {
      assert.equal(readView(text, 2, SIZE), null);
    }
    assert.equal(readView("0,0,1", 3, SIZE), null);
  });
});

describe("frame", () => {
  test("shows a box with a margin, at the same scale on both axes", () => {
    const view = frame({ center: [3, -1], half: [0.4, 0.4] }, planarView, PLANAR);
    const [x, y] = [view["xaxis.range"], view["yaxis.range"]];
    close((y[1] - y[0]) / 2, 0.4 * 1.5);
    close((x[1] - x[0]) / 2, 0.4 * 1.5 * 2);
    close((x[0] + x[1]) / 2, 3);
    close((y[0] + y[1]) / 2, -1);
  });

  test("is not closer than a twentieth of the cloud", () => {
    const { "xaxis.range": [low, high] } = frame({ center: [0, 0], half: [0, 0] }, planarView, PLANAR);
    close(high - low, (2 * 1.06) / 20);
  });

  test("looks at a box in 3D from nearer, the smaller it is", () => {
    const view = spatialView({ x: 2, y: 0, z: 0 });
    const [near, far] = [0.1, 0.5].map((half) => {
      const { "scene.camera": camera } = frame({ center: [0.2, 0, 0], half: [half, half, half] }, view, SPATIAL);
      assert.deepEqual(camera.center, { x: 0.1, y: 0, z: 0 });
      return distance(camera);
    });
    assert.ok(near < far && far < 2);
  });
});
