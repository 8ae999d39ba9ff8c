// Which points lie in a box or a lasso that was drawn on the map.

/** Return inside(x, y) for plotly.js's event of a finished box or lasso. */
export function insideOf({ range, lassoPoints }) {
  return range ? inBox(range) : inPolygon(lassoPoints);
}

function inBox({ x: [x0, x1], y: [y0, y1] }) {
  const [left, right, low, high] = [Math.min(x0, x1), Math.max(x0, x1), Math.min(y0, y1), Math.max(y0, y1)];
  return (x, y) => x >= left && x <= right && y >= low && y <= high;
}

function inPolygon({ x: xs, y: ys }) {
  return (x, y) => {
    let inside = false;
    for (let i = 0, j = xs.length - 1; i < xs.length; j = i++) {
      const crosses = ys[i] > y !== ys[j] > y;
      if (crosses && x < ((xs[j] - xs[i]) * (y - ys[i])) / (ys[j] - ys[i]) + xs[i]) inside = !inside;
    }
    return inside;
  };
}
