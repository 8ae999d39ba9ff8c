// @ts-check
// The view of an exported HTML file: what a person sees of the points, and how it moves.

/** @typedef {import("../map/canvas.js").Place} Place */
/** @typedef {import("../map/projection.js").Projection} Projection */
/** @typedef {{ left: number, width: number, height: number }} Room In px; points begin at `left`. */

/**
 * @typedef {object} SeenPlane The part of a map in 2D that is in view, in display coordinates.
 * @property {2} dims
 * @property {number[]} center
 * @property {number[]} half Half the width and half the height.
 *
 * @typedef {object} SeenScene The camera of a map in 3D, as plotly.js has it.
 * @property {3} dims
 * @property {number[]} eye
 * @property {number[]} center
 * @property {number[]} up
 *
 * @typedef {SeenPlane | SeenScene} Seen
 */

/**
 * @typedef {object} Moves
 * @property {() => number[]} far For each axis in 3D whether its far side is the high one, 1, or the low one, -1.
 * @property {(dx: number, dy: number) => void} drag Take px.
 * @property {(factor: number, at: Place) => void} zoom Make larger, around a place.
 * @property {(row: number) => void} center
 * @property {() => void} reset
 */

/**
 * Return the view of a map in 2D.
 *
 * @param {SeenPlane} first
 * @param {Float32Array[]} axes display coordinates
 * @param {() => Room} room
 * @returns {Projection & Moves}
 */
export function planeView(first, [xs, ys], room) {
  let center = [...first.center];
  let zoomed = 1;
  let unit = 1; // px of a display coordinate
  let middle = { x: 0, y: 0 };
  const refresh = () => {
    const { left, width, height } = room();
    unit = zoomed * Math.min((width - left) / (2 * first.half[0]), height / (2 * first.half[1]));
    middle = { x: (left + width) / 2, y: height / 2 };
    return `${center} ${unit} ${middle.x} ${middle.y}`;
  };
  const place = (/** @type {number} */ x, /** @type {number} */ y) => ({
    x: middle.x + (x - center[0]) * unit, y: middle.y - (y - center[1]) * unit, depth: 0,
  });
  refresh();
  return {
    refresh, place, at: place, atScene: () => null,
    far: () => [],
    project: (row) => place(xs[row], ys[row]),
    unproject: (x, y) => [center[0] + (x - middle.x) / unit, center[1] - (y - middle.y) / unit],
    drag: (dx, dy) => {
      center = [center[0] - dx / unit, center[1] + dy / unit];
    },
    zoom: (factor, { x, y }) => {
      const kept = (1 - 1 / factor) / unit; // the place under the pointer stays there
      center = [center[0] + (x - middle.x) * kept, center[1] - (y - middle.y) * kept];
      zoomed *= factor;
      refresh();
    },
    center: (row) => {
      center = [xs[row], ys[row]];
    },
    reset: () => {
      [center, zoomed] = [[...first.center], 1];
    },
  };
}

const ANGLE = Math.PI / 4; // of plotly.js's camera, from the lower to the upper edge
const TURN = 1 / 200; // radians for a px

/**
 * Return the view of a map in 3D.
 *
 * @param {SeenScene} first
 * @param {Float32Array[]} axes display coordinates; the scene's units are half of them
 * @param {() => Room} room
 * @returns {Projection & Moves}
 */
export function orbitView(first, [xs, ys, zs], room) {
  let camera = cameraOf(first);
  let middle = { x: 0, y: 0, scale: 1 };
  const refresh = () => {
    const { left, width, height } = room();
    middle = { x: (left + width) / 2, y: height / 2, scale: height / 2 / Math.tan(ANGLE / 2) };
    return `${JSON.stringify(camera)} ${middle.x} ${middle.y}`;
  };
  const at = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ z) => {
    const { center, distance, back, right, up } = camera;
    const from = [x / 2, y / 2, z / 2].map((value, i) => value - center[i]);
    const depth = distance - dot(back, from);
    if (depth <= 0) return null;
    const scale = middle.scale / depth;
    return { x: middle.x + dot(right, from) * scale, y: middle.y - dot(up, from) * scale, depth };
  };
  refresh();
  return {
    refresh, at, atScene: () => null, place: () => null, unproject: () => null,
    far: () => camera.back.map((value) => (value > 0 ? -1 : 1)),
    project: (row) => at(xs[row], ys[row], zs[row]),
    drag: (dx, dy) => {
      const { right, back, up } = camera;
      const [aside, toward] = turned(right, back, -dx * TURN);
      const [upright, facing] = turned(up, toward, dy * TURN);
      Object.assign(camera, { right: aside, up: upright, back: facing });
    },
    zoom: (factor) => {
      camera.distance /= factor;
    },
    center: (row) => {
      camera.center = [xs[row] / 2, ys[row] / 2, zs[row] / 2];
    },
    reset: () => {
      camera = cameraOf(first);
    },
  };
}

/** @param {SeenScene} seen */
function cameraOf({ eye, center, up: upward }) {
  const toward = eye.map((value, i) => value - center[i]);
  const back = unit(toward);
  const right = unit(cross(upward, back));
  return { center: [...center], distance: Math.hypot(...toward), back, right, up: cross(back, right) };
}

/**
 * Turn two vectors of length 1 that are at a right angle, in their plane.
 *
 * @param {number[]} a
 * @param {number[]} b
 * @param {number} angle in radians, from b toward a
 */
function turned(a, b, angle) {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return [a.map((value, i) => value * cos - b[i] * sin), b.map((value, i) => value * cos + a[i] * sin)];
}

/**
 * @param {number[]} a
 * @param {number[]} b
 */
const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];

/**
 * @param {number[]} a
 * @param {number[]} b
 */
const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];

/** @param {number[]} vector */
const unit = (vector) => vector.map((value) => value / Math.hypot(...vector));
