// @ts-check
// What follows from what is on the screen, computed once for each drawing.

/** @typedef {import("./view.js").Scene} Scene */

/**
 * Return a function that computes its value when it is first called with a scene.
 *
 * @template Value
 * @param {(scene: Scene) => Value} compute
 * @returns {(scene: Scene) => Value}
 */
export function perScene(compute) {
  /** @type {WeakMap<Scene, Value>} */
  const known = new WeakMap();
  return (scene) => {
    const value = known.get(scene) ?? compute(scene);
    known.set(scene, value);
    return value;
  };
}

/**
 * Return the rows that are visible and stand out, 1 for each.
 *
 * @param {{ visible: Uint8Array, drawable: { mask: Uint8Array | null } }} scene
 */
export function standingOut({ visible, drawable: { mask } }) {
  return mask ? visible.map((one, row) => one & mask[row]) : visible;
}
