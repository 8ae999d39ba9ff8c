// @ts-check
// Drags on the chart, for whose end a drawing waits: plotly.js selects from the traces that a box or a lasso was
// begun on, fails where they have been replaced since, and the box is lost.

const LAST_SELECTION = 150; // ms after the end; plotly.js selects every 100 ms, for the last time after it

export class Drags {
  #isDragging = false;

  /** @type {ReturnType<typeof setTimeout> | undefined} Of the time until the last selection. */
  #ending;

  /** @type {(() => void)[]} */
  #waiting = [];

  #listeners = new AbortController();

  /**
   * @param {EventTarget} node where drags begin
   * @param {EventTarget} page where they end
   */
  constructor(node, page = window) {
    const { signal } = this.#listeners;
    const begin = () => {
      clearTimeout(this.#ending);
      this.#ending = undefined;
      this.#isDragging = true;
    };
    const end = () => {
      if (this.#isDragging) this.#ending ??= setTimeout(() => this.#end(), LAST_SELECTION);
    };
    for (const name of ["mousedown", "touchstart"]) node.addEventListener(name, begin, { capture: true, signal });
    for (const name of ["mouseup", "touchend", "touchcancel", "blur"]) page.addEventListener(name, end, { signal });
    page.addEventListener("mousemove", (event) => { // it was released outside of the window
      if (/** @type {MouseEvent} */ (event).buttons === 0) end();
    }, { signal });
  }

  destroy() {
    this.#listeners.abort();
    clearTimeout(this.#ending);
    this.#end();
  }

  /** Wait until no drag goes on. */
  async ended() {
    while (this.#isDragging) await new Promise((resolve) => this.#waiting.push(() => resolve(null)));
  }

  #end() {
    this.#ending = undefined;
    this.#isDragging = false;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
