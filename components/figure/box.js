// @ts-check
// The box around a map in 3D: the grid on its far faces, and the axes.
import { layoutOf } from "../map/projection.js";
import { gridColors } from "../map/traces.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("../map/map.js").EmbeddingMap} EmbeddingMap */
/** @typedef {import("../shared/plotly_types.d.ts").SceneAxes} SceneAxes */
/** @typedef {import("./marks.js").Line} Line */

const WIDTH = 0.5; // px of the lines on the screen, where plotly.js draws two pixels for one

/**
 * Return the grid and the axes of a map in 3D, in px of the map, as plotly.js draws them: the grid on
 * the three far faces of the box, each axis at its edge.
 *
 * @param {EmbeddingMap} map
 * @param {Theme} theme
 * @returns {Line[]}
 */
export function boxLines({ view: { scene, graph } }, theme) {
  const axes = scene?.points.dims === 3 ? layoutOf(graph).scene._scene.glplot?.axes : null;
  if (!scene || !axes) return [];
  const { grid, line } = gridColors(theme);
  /** @type {Line[]} */
  const lines = [];
  const add = (/** @type {number[]} */ from, /** @type {number[]} */ to, /** @type {string} */ color) => {
    const [start, end] = [from, to].map((place) => scene.projection.atScene(place[0], place[1], place[2]));
    if (start && end) lines.push({ kind: "line", from: start, to: end, color, width: WIDTH });
  };
  for (const [from, to] of gridOf(axes, axes.lastCubeProps.axis)) add(from, to, grid);
  for (const [from, to] of edgesOf(axes)) add(from, to, line);
  return lines;
}

/**
 * Return both ends of each line of the grid.
 *
 * @param {Pick<SceneAxes, "bounds" | "ticks">} axes
 * @param {number[]} far for each axis whether its far side is the high one, 1, or the low one, -1
 */
export function gridOf({ bounds, ticks }, far) {
  /** @type {[number[], number[]][]} */
  const lines = [];
  for (let face = 0; face < 3; face++) {
    for (const [along, across] of [[(face + 1) % 3, (face + 2) % 3], [(face + 2) % 3, (face + 1) % 3]]) {
      for (const { x: tick } of ticks[along]) {
        const ends = bounds.map((bound) => {
          const end = [0, 0, 0];
          end[face] = bounds[far[face] > 0 ? 1 : 0][face];
          end[along] = tick;
          end[across] = bound[across];
          return end;
        });
        lines.push([ends[0], ends[1]]);
      }
    }
  }
  return lines;
}

/**
 * Return both ends of each axis.
 *
 * @param {SceneAxes} axes
 */
export function edgesOf({ bounds, lastCubeProps: { cubeEdges } }) {
  return [0, 1, 2].map((along) => {
    const ends = bounds.map((bound) => [0, 1, 2].map((axis) =>
      axis === along ? bound[axis] : bounds[cubeEdges[along] & (1 << axis) ? 1 : 0][axis]));
    return /** @type {[number[], number[]]} */ ([ends[0], ends[1]]);
  });
}
