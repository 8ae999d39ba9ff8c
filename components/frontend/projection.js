// Where a point is on the screen: the one function that picking, labels and tests go through.

/**
 * Return `project(row)` -> {x, y, depth} in px of the graph div, or null where a point is behind
 * the camera; and `look()`, called before projecting, which reads the view as it is now and
 * returns a string that changes with every movement of it. In 2D also `place(x, y)`, of display
 * coordinates, and `unproject(x, y)` back to them.
 *
 * In 3D plotly.js offers no public way: this reads the camera matrices of its internal scene
 * (plotly is pinned in requirements.txt; a browser test clicks a projected point).
 */
export function projection(graph, points) {
  return points.dims === 3 ? spatial(graph, points) : planar(graph, points);
}

function planar(graph, points) {
  const [x, y] = points.axes;
  let xaxis, yaxis;
  const look = () => {
    ({ xaxis, yaxis } = graph._fullLayout); // new objects after each relayout
    return `${xaxis.range} ${yaxis.range} ${xaxis._length} ${yaxis._length}`;
  };
  look();
  const place = (ax, ay) => ({
    x: xaxis._offset + xaxis.c2p(ax), y: yaxis._offset + yaxis.c2p(ay), depth: 0,
  });
  const project = (row) => place(x[row], y[row]);
  const unproject = (px, py) => [xaxis.p2c(px - xaxis._offset), yaxis.p2c(py - yaxis._offset)];
  return { project, look, place, unproject };
}

function spatial(graph, points) {
  const scene = graph._fullLayout.scene._scene;
  const [x, y, z] = points.axes;
  let matrix = null;
  let seen = "";
  const look = () => {
    const camera = scene.glplot?.cameraParams;
    if (!camera) return "";
    const now = `${Array.from(camera.view)} ${Array.from(camera.projection)} ${graph.clientWidth}`;
    if (now !== seen) {
      seen = now;
      matrix = multiply(camera.projection, multiply(camera.view, camera.model));
    }
    return seen;
  };
  const project = (row) => {
    if (!matrix) return null;
    const [sx, sy, sz] = scene.dataScale;
    const [px, py, pz] = [x[row] * sx, y[row] * sy, z[row] * sz];
    const at = (i) => matrix[i] * px + matrix[i + 4] * py + matrix[i + 8] * pz + matrix[i + 12];
    const w = at(3);
    if (w <= 0) return null;
    return {
      x: ((at(0) / w + 1) / 2) * graph.clientWidth,
      y: ((1 - at(1) / w) / 2) * graph.clientHeight,
      depth: at(2) / w,
    };
  };
  return { project, look };
}

function multiply(a, b) { // 4 x 4, column-major
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

/** The drawn row nearest to (x, y) in px within `radius`, or null: in 3D the front one of equals. */
export function pick({ project, look }, drawn, x, y, radius) {
  look();
  let best = null;
  let nearest = radius * radius;
  let front = Infinity;
  for (let row = 0; row < drawn.length; row++) {
    if (!drawn[row]) continue;
    const at = project(row);
    if (!at) continue;
    const distance = (at.x - x) ** 2 + (at.y - y) ** 2;
    if (distance < nearest || (distance === nearest && at.depth < front)) {
      [best, nearest, front] = [row, distance, at.depth];
    }
  }
  return best;
}
