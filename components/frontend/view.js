// Moving the view: what to change in plotly.js's layout to fly to a place, or on a key.
import { fitRanges } from "./traces.js";

const STEP = 0.15; // share of the view that an arrow pans
const TURN = 0.2; // radians that an arrow rotates
const ZOOM = 1.3;

/** Center the view on a place, `zoom` times closer than the whole cloud at least. */
export function flyTo(place, layout, points, zoom) {
  if (points.dims === 2) {
    const { xaxis, yaxis } = layout;
    const whole = fitRanges(points, { width: xaxis._length, height: yaxis._length });
    const half = [xaxis, yaxis].map((axis, i) =>
      Math.min(axis.range[1] - axis.range[0], (whole[i][1] - whole[i][0]) / zoom) / 2);
    return planar(place, half);
  }
  const { camera } = layout.scene;
  const toward = minus(camera.eye, camera.center);
  const scale = Math.min(1, 2.1 / zoom / length(toward));
  const [x, y, z] = place.map((value) => value / 2); // the scene's units are half the axes'
  return looking(camera, { x, y, z }, scaled(toward, scale));
}

/** The change that a key asks for, or null. */
export function keyView(key, layout, points, size) {
  const [right, up] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[key] ?? [0, 0];
  const zoom = { "+": 1 / ZOOM, "=": 1 / ZOOM, "-": ZOOM }[key] ?? 1;
  if (!right && !up && zoom === 1 && key !== "0") return null;
  return points.dims === 2
    ? keyPlanar(key, layout, points, size, right, up, zoom)
    : keySpatial(key, layout, right, up, zoom);
}

function keyPlanar(key, { xaxis, yaxis }, points, size, right, up, zoom) {
  if (key === "0") {
    const [x, y] = fitRanges(points, size);
    return { "xaxis.range": x, "yaxis.range": y };
  }
  const axes = [xaxis, yaxis];
  const half = axes.map((axis) => (axis.range[1] - axis.range[0]) / 2);
  const center = axes.map((axis, i) => axis.range[0] + half[i] + STEP * 2 * half[i] * [right, up][i]);
  return planar(center, half.map((value) => value * zoom));
}

function keySpatial(key, { scene: { camera } }, right, up, zoom) {
  if (key === "0") return { "scene.camera": { eye: { x: 1.1, y: 1.1, z: 0.7 } } };
  const { x, y, z } = minus(camera.eye, camera.center);
  const around = Math.atan2(y, x) + TURN * right;
  const flat = Math.hypot(x, y);
  const distance = zoom * Math.hypot(flat, z);
  const above = Math.max(-1.5, Math.min(1.5, Math.atan2(z, flat) + TURN * up));
  return looking(camera, camera.center, {
    x: distance * Math.cos(above) * Math.cos(around),
    y: distance * Math.cos(above) * Math.sin(around),
    z: distance * Math.sin(above),
  });
}

function planar([x, y], [w, h]) {
  return { "xaxis.range": [x - w, x + w], "yaxis.range": [y - h, y + h] };
}

function looking(camera, center, toward) {
  const eye = { x: center.x + toward.x, y: center.y + toward.y, z: center.z + toward.z };
  return { "scene.camera": { ...camera, center, eye } };
}

const minus = (a, b) => ({ x: a.x - b.x, y: a.y - b.y, z: a.z - b.z });
const scaled = (a, by) => ({ x: a.x * by, y: a.y * by, z: a.z * by });
const length = (a) => Math.hypot(a.x, a.y, a.z);
