// @ts-check
// Drags on the chart, for whose end a drawing waits: plotly.js selects from the traces that a box or a lasso was
// begun on, fails where they have been replaced since, and the box is lost.

export class Drags {
  #isDragging = false;

  /** @type {(() => void)[]} */
  #waiting = [];

  #listeners = new AbortController();

  /**
   * @param {EventTarget} node where drags begin
   * @param {EventTarget} page where they end
   */
  constructor(node, page = window) {
    const { signal } = this.#listeners;
    const begin = () => (this.#isDragging = true);
    const end = () => this.#end();
    for (const name of ["mousedown", "touchstart"]) node.addEventListener(name, begin, { capture: true, signal });
    for (const name of ["mouseup", "touchend", "touchcancel", "blur"]) page.addEventListener(name, end, { signal });
    page.addEventListener("mousemove", (event) => { // it was released outside of the window
      if (/** @type {MouseEvent} */ (event).buttons === 0) end();
    }, { signal });
  }

  destroy() {
    this.#listeners.abort();
    this.#end();
  }

  /** Wait until no drag goes on. */
  async ended() {
    while (this.#isDragging) await new Promise((resolve) => this.#waiting.push(() => resolve(null)));
  }

  #end() {
    this.#isDragging = false;
    const waiting = this.#waiting.splice(0);
    setTimeout(() => waiting.forEach((resolve) => resolve())); // plotly.js hears of the end first
  }
}
