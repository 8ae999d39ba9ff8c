// The points of a layout, brought to one display scale so that every layout fits the same view.

/**
 * Center and scale coordinates: most of the cloud comes to lie in [-1, 1] on its longest side.
 *
 * The box is that of all points, unless outliers would shrink the cloud: then it is the box of
 * the middle 98 % widened by 60 % on each side, and the rest lies outside the first view.
 * `center` and `half` undo it: coordinate = center + half * display.
 */
export function toDisplay(flat, count, dims) {
  const axes = [];
  for (let axis = 0; axis < dims; axis++) axes.push(flat.subarray(axis * count, (axis + 1) * count));
  const boxes = axes.map(box);
  const half = Math.max(...boxes.map(([low, high]) => (high - low) / 2), 1e-30);
  const center = boxes.map(([low, high]) => (low + high) / 2);
  const display = axes.map((values, axis) => {
    const scaled = new Float32Array(count);
    for (let i = 0; i < count; i++) scaled[i] = (values[i] - center[axis]) / half;
    return scaled;
  });
  let reach = 1;
  for (const values of display) for (const v of values) reach = Math.max(reach, Math.abs(v));
  const extent = boxes.map(([low, high]) => Math.max((high - low) / 2 / half, 0.05));
  return { count, dims, axes: display, reach, extent, center, half };
}

function box(values) {
  const step = Math.max(1, Math.floor(values.length / 20000));
  const sample = new Float32Array(Math.ceil(values.length / step));
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (i % step === 0) sample[i / step] = values[i];
    if (values[i] < low) low = values[i];
    if (values[i] > high) high = values[i];
  }
  sample.sort();
  const q01 = sample[Math.floor(0.01 * (sample.length - 1))];
  const q99 = sample[Math.ceil(0.99 * (sample.length - 1))];
  const wide = 0.6 * (q99 - q01);
  return wide > 0 ? [Math.max(low, q01 - wide), Math.min(high, q99 + wide)] : [low, high];
}

/** Diameter in px and opacity that show density: many points are small and translucent. */
export function markerStyle(count, dims) {
  const size = Math.min(9, Math.max(1.4, 26 * count ** -0.21));
  const opacity = Math.min(0.85, Math.max(0.28, 3.2 * count ** -0.17));
  return { size: dims === 3 ? Math.max(1, size * 0.42) : size, opacity };
}

/** Rows of each group, in row order: one counting sort. A row with keep[row] = 0 is in none. */
export function groupRows(codes, groups, keep) {
  const sizes = new Uint32Array(groups);
  for (let i = 0; i < codes.length; i++) if (!keep || keep[i]) sizes[codes[i]]++;
  const rows = Array.from(sizes, (size) => new Uint32Array(size));
  sizes.fill(0);
  for (let i = 0; i < codes.length; i++) {
    if (!keep || keep[i]) rows[codes[i]][sizes[codes[i]]++] = i;
  }
  return rows;
}

export function take(values, rows) {
  const taken = new Float32Array(rows.length);
  for (let i = 0; i < rows.length; i++) taken[i] = values[rows[i]];
  return taken;
}

/** Bit i of a packed mask says whether row i belongs: Uint8Array of 0 and 1. */
export function unpackBits(bytes, count) {
  const mask = new Uint8Array(count);
  for (let i = 0; i < count; i++) mask[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
  return mask;
}

export function packBits(rows, count) {
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const row of rows) bytes[row >> 3] |= 128 >> (row & 7);
  return bytes;
}
