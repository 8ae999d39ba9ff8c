// @ts-check
// The density of the visible points, as areas or lines below them.
import { fade } from "../shared/colors.js";
import { emptied } from "./canvas.js";
import { densityContours } from "./density.js";
import { perScene, standingOut } from "./scene.js";

/** @typedef {import("../shared/colors.js").Theme} Theme */
/** @typedef {import("./contours.js").Ring} Ring */
/** @typedef {import("./projection.js").Projection} Projection */
/** @typedef {import("./view.js").Scene} Scene */
/** @typedef {"none" | "shading" | "contours"} DensityMode */

const SHADE = 0.055; // opacity of each area; they lie above each other
const FAINTEST = 0.22; // opacity of the outermost line,
const STRONGEST = 0.6; // and of the innermost

const contoursOf = perScene((scene) => densityContours(scene.points, standingOut(scene)));

/**
 * Draw contours as areas above each other, or as lines.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Pick<Projection, "place">} projection of a map in 2D
 * @param {Ring[][]} contours the outermost first
 * @param {DensityMode} mode
 * @param {Theme} theme
 */
export function drawDensity(context, { place }, contours, mode, theme) {
  if (mode === "none") return;
  contours.forEach((rings, level) => {
    context.beginPath();
    for (const ring of rings) {
      for (let i = 0; i < ring.length; i += 2) {
        const at = place(ring[i], ring[i + 1]);
        if (!at) return;
        if (i === 0) context.moveTo(at.x, at.y);
        else context.lineTo(at.x, at.y);
      }
      context.closePath();
    }
    if (mode === "shading") {
      context.fillStyle = fade(theme.text, SHADE);
      context.fill();
    } else {
      context.strokeStyle = fade(theme.text, FAINTEST + ((STRONGEST - FAINTEST) * level) / (contours.length - 1));
      context.lineWidth = 1;
      context.stroke();
    }
  });
}

/**
 * The same, within the room that begins at `left`.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Pick<Projection, "place">} projection
 * @param {Ring[][]} contours
 * @param {DensityMode} mode
 * @param {Theme} theme
 * @param {number} left in px
 */
export function drawDensityFrom(context, projection, contours, mode, theme, left) {
  const { clientWidth, clientHeight } = context.canvas;
  context.save();
  context.beginPath();
  context.rect(left, 0, clientWidth - left, clientHeight);
  context.clip();
  drawDensity(context, projection, contours, mode, theme);
  context.restore();
}

export class DensityLayer {
  /** @type {DensityMode} */
  mode = "none";

  /** @param {HTMLCanvasElement} canvas below the points */
  constructor(canvas) {
    this.canvas = canvas;
  }

  /**
   * Draw on the screen.
   *
   * @param {Scene} scene
   * @param {Theme} theme
   * @param {number} left where the plot begins, in px
   */
  draw(scene, theme, left) {
    this.canvas.hidden = !this.isOn(scene);
    if (this.canvas.hidden) return;
    drawDensityFrom(emptied(this.canvas), scene.projection, contoursOf(scene), this.mode, theme, left);
  }

  /**
   * Draw into a figure.
   *
   * @param {CanvasRenderingContext2D} context
   * @param {Scene} scene
   * @param {Theme} theme
   */
  paint(context, scene, theme) {
    if (this.isOn(scene)) drawDensity(context, scene.projection, contoursOf(scene), this.mode, theme);
  }

  /** @param {Scene} scene */
  isOn(scene) {
    return this.mode !== "none" && scene.points.dims === 2;
  }
}
