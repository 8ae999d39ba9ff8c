// From one layout to the next of the same items: points glide, so that the eye can follow them.

const DURATION = 450; // ms
const MOST = 5000; // points; more take too long to draw at each step

/** Whether points, as toDisplay made them, may glide to others. */
export function canGlide(from, to) {
  return from && from !== to && from.count === to.count && from.dims === to.dims
    && to.count <= MOST && !document.hidden
    && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** Call draw with points on the way, one a frame; it is awaited. The end itself is not drawn. */
export async function glide(from, to, draw) {
  const start = await frame();
  for (let now = start; now - start < DURATION; now = await frame()) {
    const share = (now - start) / DURATION;
    await draw(between(from, to, share * share * (3 - 2 * share)));
  }
}

const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));

function between(from, to, share) {
  const axes = to.axes.map((end, axis) => {
    const begin = from.axes[axis];
    return end.map((value, i) => begin[i] + share * (value - begin[i]));
  });
  return { ...to, axes };
}
