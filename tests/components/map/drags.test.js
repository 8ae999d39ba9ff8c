// A drawing waits for the end of a drag.
import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate, setTimeout } from "node:timers/promises";
import { Drags } from "../../../components/map/drags.js";

/** Return drags between two targets, and whether a drawing that waits for them may begin. */
function waiting() {
  const [node, page] = [new EventTarget(), new EventTarget()];
  const drags = new Drags(node, page);
  const state = { node, page, drags, began: false };
  return { ...state, wait: () => drags.ended().then(() => (state.began = true)), began: () => state.began };
}

test("without a drag there is nothing to wait for", async () => {
  const { drags } = waiting();
  await drags.ended();
});

for (const [begins, ends] of [["mousedown", "mouseup"], ["touchstart", "touchend"], ["mousedown", "blur"]]) {
  test(`from ${begins} to ${ends} a drawing waits, and then for the last selection`, async () => {
    const { node, page, wait, began } = waiting();
    node.dispatchEvent(new Event(begins));
    const waited = wait();
    await setImmediate();
    assert.equal(began(), false);
    page.dispatchEvent(new Event(ends));
    await setTimeout(100); // plotly.js selects every 100 ms
    assert.equal(began(), false);
    await waited;
  });
}

test("a drawing that comes between the end and the last selection waits, too", async () => {
  const { node, page, wait, began } = waiting();
  node.dispatchEvent(new Event("mousedown"));
  page.dispatchEvent(new Event("mouseup"));
  const waited = wait();
  page.dispatchEvent(Object.assign(new Event("mousemove"), { buttons: 0 }));
  await setTimeout(100);
  assert.equal(began(), false);
  await waited;
});

test("a button that was released outside of the window ends the drag", async () => {
  const { node, page, wait, began } = waiting();
  node.dispatchEvent(new Event("mousedown"));
  const waited = wait();
  page.dispatchEvent(Object.assign(new Event("mousemove"), { buttons: 1 }));
  await setTimeout(5);
  assert.equal(began(), false);
  page.dispatchEvent(Object.assign(new Event("mousemove"), { buttons: 0 }));
  await waited;
});

test("a map that is removed waits no longer", async () => {
  const { node, drags } = waiting();
  node.dispatchEvent(new Event("mousedown"));
  const waited = drags.ended();
  drags.destroy();
  await waited;
});
