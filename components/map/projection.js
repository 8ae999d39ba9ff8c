// @ts-check
// Where a point is on the screen: picking, labels and tests all go through this.

/** @typedef {import("./points.js").Points} Points */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyGraph} PlotlyGraph */
/** @typedef {import("../shared/plotly_types.d.ts").PlotlyFullLayout} PlotlyFullLayout */

/** @typedef {{ x: number, y: number, depth: number }} ScreenPoint In px of the graph's element. */

/**
 * @typedef {object} Projection
 * @property {() => string} refresh Read the view as it is now; call it before projecting. The text
 *   that it returns changes with every movement of the view.
 * @property {(row: number) => ScreenPoint | null} project Null where a point is behind the camera.
 * @property {(x: number, y: number) => ScreenPoint | null} place Project display coordinates of a
 *   map in 2D; null in 3D.
 * @property {(x: number, y: number, z: number) => ScreenPoint | null} at Project display coordinates;
 *   the third is ignored in 2D.
 * @property {(x: number, y: number, z: number) => ScreenPoint | null} atScene Project coordinates of
 *   plotly.js's scene; null in 2D.
 * @property {(x: number, y: number) => [number, number] | null} unproject Lead px back to display
 *   coordinates in 2D; null in 3D.
 */

/**
 * Return the projection of points onto the screen.
 *
 * In 3D plotly.js offers no public way: this reads the camera's matrices of its internal scene.
 * (The version is pinned, and a browser test clicks a projected point.)
 *
 * @param {PlotlyGraph} graph
 * @param {Points} points
 * @returns {Projection}
 */
export function projection(graph, points) {
  return points.dims === 3 ? spatial(graph, points) : planar(graph, points);
}

/**
 * @param {PlotlyGraph} graph
 * @param {Points} points
 * @returns {Projection}
 */
function planar(graph, points) {
  const [x, y] = points.axes;
  let { xaxis, yaxis } = layoutOf(graph);
  const refresh = () => {
    ({ xaxis, yaxis } = layoutOf(graph)); // new objects after each relayout
    return `${xaxis.range} ${yaxis.range} ${xaxis._length} ${yaxis._length}`;
  };
  const place = (/** @type {number} */ ax, /** @type {number} */ ay) => ({
    x: xaxis._offset + xaxis.c2p(ax), y: yaxis._offset + yaxis.c2p(ay), depth: 0,
  });
  return {
    refresh,
    place,
    at: place,
    atScene: () => null,
    project: (row) => place(x[row], y[row]),
    unproject: (px, py) => [xaxis.p2c(px - xaxis._offset), yaxis.p2c(py - yaxis._offset)],
  };
}

/**
 * @param {PlotlyGraph} graph
 * @param {Points} points
 * @returns {Projection}
 */
function spatial(graph, points) {
  const scene = layoutOf(graph).scene._scene;
  let { _size: size } = layoutOf(graph);
  const [x, y, z] = points.axes;
  /** @type {Float64Array | null} */
  let matrix = null;
  let seen = "";
  const refresh = () => {
    const camera = scene.glplot?.cameraParams;
    if (!camera) return "";
    ({ _size: size } = layoutOf(graph));
    const now = `${Array.from(camera.view)} ${Array.from(camera.projection)} ${size.l} ${size.w}`;
    if (now !== seen) {
      seen = now;
      matrix = multiply(camera.projection, multiply(camera.view, camera.model));
    }
    return seen;
  };
  const atScene = (/** @type {number} */ px, /** @type {number} */ py, /** @type {number} */ pz) => {
    if (!matrix) return null;
    const m = matrix;
    const at = (/** @type {number} */ i) => m[i] * px + m[i + 4] * py + m[i + 8] * pz + m[i + 12];
    const w = at(3);
    if (w <= 0) return null;
    return {
      x: size.l + ((at(0) / w + 1) / 2) * size.w,
      y: size.t + ((1 - at(1) / w) / 2) * size.h,
      depth: at(2) / w,
    };
  };
  const at = (/** @type {number} */ ax, /** @type {number} */ ay, /** @type {number} */ az) => {
    const [sx, sy, sz] = scene.dataScale;
    return atScene(ax * sx, ay * sy, az * sz);
  };
  const project = (/** @type {number} */ row) => at(x[row], y[row], z[row]);
  return { refresh, project, at, atScene, place: () => null, unproject: () => null };
}

/**
 * @param {PlotlyGraph} graph
 * @returns {PlotlyFullLayout}
 */
export function layoutOf(graph) {
  if (!graph._fullLayout) throw new Error("the chart has not been drawn yet");
  return graph._fullLayout;
}

/**
 * Multiply matrices of 4 x 4, column-major.
 *
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 */
function multiply(a, b) {
  const out = new Float64Array(16);
  for (let column = 0; column < 4; column++) {
    for (let row = 0; row < 4; row++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[k * 4 + row] * b[column * 4 + k];
      out[column * 4 + row] = sum;
    }
  }
  return out;
}

/**
 * Return the visible row nearest to (x, y) in px within `radius`, or null. Of rows at the same
 * place on the screen the front one is picked.
 *
 * @param {Projection} projection
 * @param {Uint8Array} visible
 * @param {number} x
 * @param {number} y
 * @param {number} radius
 */
export function pick({ project, refresh }, visible, x, y, radius) {
  refresh();
  let best = null;
  let nearest = radius * radius;
  let front = Infinity;
  for (let row = 0; row < visible.length; row++) {
    if (!visible[row]) continue;
    const at = project(row);
    if (!at) continue;
    const distance = (at.x - x) ** 2 + (at.y - y) ** 2;
    if (distance < nearest || (distance === nearest && at.depth < front)) {
      [best, nearest, front] = [row, distance, at.depth];
    }
  }
  return best;
}
