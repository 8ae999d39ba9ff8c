// @ts-check
// Points glide from one layout to another, so that the eye can follow each.
import { interpolate } from "./points.js";

/** @typedef {import("./points.js").Points} Points */

const GLIDE = 450; // ms
const MOST_GLIDING = 5000; // points; more take too long to draw at each step

/**
 * Animate the points from where they were to where they are to be; the last step is left to be drawn.
 *
 * @param {Points} from
 * @param {Points} to
 * @param {(points: Points) => Promise<void>} draw
 * @param {() => boolean} isOver called before each step
 */
export async function glide(from, to, draw, isOver) {
  if (!canGlide(from, to)) return;
  const start = await nextFrame();
  for (let now = start; now - start < GLIDE && !isOver(); now = await nextFrame()) {
    const time = (now - start) / GLIDE;
    await draw(interpolate(from, to, time * time * (3 - 2 * time)));
  }
}

/**
 * @param {Points} from
 * @param {Points} to
 */
function canGlide(from, to) {
  return from !== to && from.count === to.count && from.dims === to.dims
    && to.count <= MOST_GLIDING && !document.hidden
    && !matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @returns {Promise<number>} the time of the next frame, in ms */
const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
