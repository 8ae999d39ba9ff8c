// @ts-check
// Movements of the view, as changes of plotly.js's layout: fitting, flying to a place, keys.

/** @typedef {import("../shared/plotly_types.d.ts").PlotlyFullLayout} PlotlyFullLayout */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyAxis} PlotlyAxis */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyCamera} PlotlyCamera */
/** @typedef {import("../shared/plotly_types.d.ts").Vector3} Vector3 */
/** @typedef {import("./points.js").Points} Points */

/** @typedef {{ width: number, height: number }} Size Of the room for the points, in px. */
/** @typedef {Pick<PlotlyFullLayout, "xaxis" | "yaxis" | "scene">} View */

/** The first view in 3D. */
export const FIRST_EYE = { x: 1.1, y: 1.1, z: 0.7 };

/** The same as `writeView` writes it. */
export const FIRST_VIEW = [...Object.values(FIRST_EYE), 0, 0, 0].join(",");

const PAN = 0.15; // fraction of the view that an arrow pans
const TURN = 0.2; // radians that an arrow rotates
const ZOOM = 1.3; // factor of + and -
const CLOSEST = 20; // times closer than the whole cloud that a box is shown
const BESIDE = 1.5; // a box's side, with its margin

/** Right and up, for each arrow. */
const ARROWS = new Map([["ArrowLeft", [-1, 0]], ["ArrowRight", [1, 0]], ["ArrowUp", [0, 1]], ["ArrowDown", [0, -1]]]);
const ZOOMS = new Map([["+", 1 / ZOOM], ["=", 1 / ZOOM], ["-", ZOOM]]);

/**
 * Return axis ranges of equal scale that hold the cloud with a small margin.
 *
 * @param {Pick<Points, "extent">} points
 * @param {Size} size
 * @returns {[[number, number], [number, number]]}
 */
export function fitRanges({ extent }, { width, height }) {
  const margin = 1.06;
  const unit = Math.max((2 * margin * extent[0]) / width, (2 * margin * extent[1]) / height);
  return [[-(unit * width) / 2, (unit * width) / 2], [-(unit * height) / 2, (unit * height) / 2]];
}

/**
 * Return the change that fits the view to the cloud.
 *
 * @param {Pick<Points, "dims" | "extent">} points
 * @param {Size} size
 */
export function fit(points, size) {
  if (points.dims === 3) return { "scene.camera": { eye: FIRST_EYE } };
  const [x, y] = fitRanges(points, size);
  return { "xaxis.range": x, "yaxis.range": y };
}

/**
 * Return the change after which all points are again where they were on the screen, though the room
 * for them begins or ends elsewhere: the legend or the color bar has come or gone.
 *
 * @param {{ xaxis: { range: number[], _offset: number, _length: number }, yaxis: { range: number[] } }} before
 * @param {{ _offset: number, _length: number }} now the x axis
 */
export function keepPlaces({ xaxis: { range, _offset, _length }, yaxis }, now) {
  const unit = (range[1] - range[0]) / _length;
  const low = range[0] + (now._offset - _offset) * unit;
  return { "xaxis.range": [low, low + now._length * unit], "yaxis.range": yaxis.range };
}

/**
 * Return a view as text for an address: center and half the height in 2D, eye and center in 3D.
 *
 * @param {View} view
 * @param {2 | 3} dims
 */
export function writeView({ xaxis, yaxis, scene }, dims) {
  const middle = (/** @type {number[]} */ [low, high]) => (low + high) / 2;
  const [low, high] = dims === 2 ? yaxis.range : [0, 0];
  const numbers = dims === 2
    ? [middle(xaxis.range), middle(yaxis.range), (high - low) / 2]
    : [scene.camera.eye, scene.camera.center].flatMap(({ x, y, z }) => [x, y, z]);
  return numbers.map((number) => Number(number.toPrecision(5))).join(",");
}

/**
 * Return the change to the view that a text describes, or null where it describes none.
 *
 * @param {string} text
 * @param {2 | 3} dims
 * @param {Size} size
 */
export function readView(text, dims, { width, height }) {
  const numbers = text.split(",").map(Number);
  if (numbers.length !== (dims === 2 ? 3 : 6) || !numbers.every(Number.isFinite)) return null;
  if (dims === 3) {
    const [eye, center] = [numbers.slice(0, 3), numbers.slice(3)].map(([x, y, z]) => ({ x, y, z }));
    return { "scene.camera": { eye, center } };
  }
  const [x, y, half] = numbers;
  return half > 0 ? ranges([x, y], [(half * width) / height, half]) : null;
}

/**
 * Center the view on a place, at least `zoom` times closer than the view of the whole cloud.
 *
 * @param {number[]} place display coordinates
 * @param {View} view
 * @param {Pick<Points, "dims" | "extent">} points
 * @param {number} zoom
 */
export function flyTo(place, view, points, zoom) {
  if (points.dims === 2) {
    const { xaxis, yaxis } = view;
    const whole = fitRanges(points, { width: xaxis._length, height: yaxis._length });
    const half = [xaxis, yaxis].map(
      (axis, i) => Math.min(axis.range[1] - axis.range[0], (whole[i][1] - whole[i][0]) / zoom) / 2,
    );
    return ranges(place, half);
  }
  const { camera } = view.scene;
  const toward = minus(camera.eye, camera.center);
  const scale = Math.min(1, 2.1 / zoom / Math.hypot(toward.x, toward.y, toward.z));
  const [x, y, z] = place.map((value) => value / 2); // the scene's units are half the axes'
  return lookAt(camera, { x, y, z }, { x: toward.x * scale, y: toward.y * scale, z: toward.z * scale });
}

/**
 * Show a box, with a margin, at most as close as a twentieth of the whole cloud.
 *
 * @param {{ center: number[], half: number[] }} box display coordinates
 * @param {View} view
 * @param {Pick<Points, "dims" | "extent">} points
 */
export function frame({ center, half }, view, points) {
  if (points.dims === 3) {
    const extent = Math.max(...half.map((value, axis) => value / points.extent[axis]));
    return flyTo(center, view, points, Math.min(CLOSEST, Math.max(1, 1 / extent)));
  }
  const { xaxis: { _length: width }, yaxis: { _length: height } } = view;
  const [[low, high]] = fitRanges(points, { width, height });
  const unit = Math.max((2 * half[0]) / width, (2 * half[1]) / height) * BESIDE;
  const closest = Math.max(unit, (high - low) / width / CLOSEST);
  return ranges(center, [(closest * width) / 2, (closest * height) / 2]);
}

/**
 * Return the change that a key makes, or null: arrows pan (rotate in 3D), + and - zoom, 0 fits.
 *
 * @param {string} key
 * @param {View} view
 * @param {Pick<Points, "dims" | "extent">} points
 * @param {Size} size
 */
export function keyView(key, view, points, size) {
  if (!ARROWS.has(key) && !ZOOMS.has(key) && key !== "0") return null;
  if (key === "0") return fit(points, size);
  const arrow = ARROWS.get(key) ?? [0, 0];
  const zoom = ZOOMS.get(key) ?? 1;
  if (points.dims === 3) return turn(view.scene.camera, arrow, zoom);
  return pan([view.xaxis, view.yaxis], arrow, zoom);
}

/**
 * @param {PlotlyAxis[]} axes
 * @param {number[]} arrow
 * @param {number} zoom
 */
function pan(axes, arrow, zoom) {
  const half = axes.map((axis) => (axis.range[1] - axis.range[0]) / 2);
  const center = axes.map((axis, i) => axis.range[0] + half[i] + PAN * 2 * half[i] * arrow[i]);
  return ranges(center, half.map((value) => value * zoom));
}

/**
 * @param {PlotlyCamera} camera
 * @param {number[]} arrow
 * @param {number} zoom
 */
function turn(camera, [right, up], zoom) {
  const { x, y, z } = minus(camera.eye, camera.center);
  const level = Math.hypot(x, y);
  const distance = zoom * Math.hypot(level, z);
  const azimuth = Math.atan2(y, x) + TURN * right;
  const altitude = Math.max(-1.5, Math.min(1.5, Math.atan2(z, level) + TURN * up));
  return lookAt(camera, camera.center, {
    x: distance * Math.cos(altitude) * Math.cos(azimuth),
    y: distance * Math.cos(altitude) * Math.sin(azimuth),
    z: distance * Math.sin(altitude),
  });
}

/**
 * @param {number[]} center
 * @param {number[]} half
 */
function ranges([x, y], [width, height]) {
  return { "xaxis.range": [x - width, x + width], "yaxis.range": [y - height, y + height] };
}

/**
 * @param {PlotlyCamera} camera
 * @param {Vector3} center
 * @param {Vector3} toward from the center to the eye
 */
function lookAt(camera, center, toward) {
  const eye = { x: center.x + toward.x, y: center.y + toward.y, z: center.z + toward.z };
  return { "scene.camera": { ...camera, center, eye } };
}

/**
 * @param {Vector3} a
 * @param {Vector3} b
 */
function minus(a, b) {
  return { x: a.x - b.x, y: a.y - b.y, z: a.z - b.z };
}
