// The exported page: its modules, its search, and its views beside those of the map.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { describe, test } from "node:test";
import { collectModules } from "../../../components/figure/page.js";
import { orbitView, planeView } from "../../../components/figure/viewer_camera.js";
import { fromBase64, search } from "../../../components/figure/viewer_parts.js";
import { toBase64 } from "../../../components/shared/bits.js";

const COMPONENTS = new URL("../../../components/", import.meta.url);
const room = () => ({ left: 100, width: 500, height: 400 });
const near = (at, x, y) => assert.ok(Math.hypot(at.x - x, at.y - y) < 1e-6, `${at.x}, ${at.y} is not ${x}, ${y}`);

describe("collectModules", () => {
  test("names each module by its path, and its imports so, too", async () => {
    const files = {
      "a/one.js": 'import { x } from "./two.js";\nimport {\n  y,\n} from "../b/three.js";\nx(y);\n',
      "a/two.js": 'export { z as x } from "../b/three.js";\n/** @type {import("./types.js").T} */\n',
      "b/three.js": "export const y = 1, z = 2;\n",
    };
    const modules = await collectModules("a/one.js", async (path) => files[path]);
    assert.deepEqual([...modules.keys()].sort(), Object.keys(files));
    assert.match(modules.get("a/one.js"), /from "a\/two.js";[^]*from "b\/three.js";/);
    assert.match(modules.get("a/two.js"), /from "b\/three.js";\n[^]*import\("\.\/types.js"\)/);
  });

  test("finds all that the viewer needs, and no address of another server in it", async () => {
    const modules = await collectModules("figure/viewer.js", (path) => readFile(new URL(path, COMPONENTS), "utf8"));
    assert.ok(modules.has("map/names.js") && modules.has("shared/dom.js"));
    for (const [path, source] of modules) {
      assert.doesNotMatch(source, /https?:/, path);
      assert.doesNotMatch(source, /from "\.|^import "\./m, path);
    }
  });
});

describe("search", () => {
  const texts = {
    labels: ["King", "queen", "maße"],
    columns: [{ name: "text", cells: ["a man", null, { before: "of ", word: "Kings", after: "" }] }],
  };

  test("finds rows by label and column, without regard to case", () => {
    assert.deepEqual(search("king", texts), [0, 2]);
    assert.deepEqual(search(" QUEEN ", texts), [1]);
    assert.deepEqual(search("  ", texts), []);
  });
});

test("bytes survive base64", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 31) % 256);
  assert.deepEqual(fromBase64(toBase64(bytes)), bytes);
});

describe("the view in 2D", () => {
  const axes = [Float32Array.of(0, 1), Float32Array.of(0, 2)];
  const make = () => planeView({ dims: 2, center: [0, 0], half: [2, 2] }, axes, room);

  test("shows at first what the map has shown", () => {
    const view = make();
    near(view.project(0), 300, 200);
    near(view.project(1), 400, 0); // 100 px for 1: the height has room for 4
  });

  test("keeps the place under the pointer when it zooms", () => {
    const view = make();
    const before = view.unproject(350, 120);
    view.zoom(2.5, { x: 350, y: 120 });
    near(view.place(...before), 350, 120);
    near({ x: view.place(1, 0).x - view.place(0, 0).x, y: 0 }, 250, 0);
  });

  test("moves with the pointer, centers a row and goes back", () => {
    const view = make();
    view.drag(10, -20);
    near(view.project(0), 310, 180);
    view.center(1);
    near(view.project(1), 300, 200);
    view.reset();
    near(view.project(0), 300, 200);
  });
});

describe("the view in 3D", () => {
  const axes = [[0, 2], [0, 0], [0, 0]].map((values) => Float32Array.from(values));
  const seen = { dims: 3, eye: [0, -2, 0], center: [0, 0, 0], up: [0, 0, 1] };

  test("is the perspective of plotly.js: 45 degrees from edge to edge, half a unit for one of the display", () => {
    const view = orbitView(seen, axes, room);
    near(view.project(0), 300, 200);
    near(view.project(1), 300 + 200 / Math.tan(Math.PI / 8) / 2, 200);
    near(view.at(0, 0, 2), 300, 200 - 200 / Math.tan(Math.PI / 8) / 2);
    assert.equal(view.at(0, -4.2, 0), null); // behind the camera
    assert.ok(view.at(0, -1, 0).depth < view.at(0, 1, 0).depth);
  });

  test("has its far sides behind what is in view", () => {
    const view = orbitView(seen, axes, room);
    assert.equal(view.far()[1], 1);
    view.drag(200 * Math.PI, 0); // half a turn
    assert.equal(view.far()[1], -1);
  });

  test("turns with the pointer and stays a rotation", () => {
    const view = orbitView(seen, axes, room);
    view.drag(50, 0);
    assert.ok(view.at(0, -1, 0).x > 300, "what is in front follows the pointer");
    for (let i = 0; i < 500; i++) view.drag(7, -3);
    near(view.project(0), 300, 200);
    view.reset();
    near(view.at(0, 0, 2), 300, 200 - 200 / Math.tan(Math.PI / 8) / 2);
    view.drag(0, 40);
    assert.ok(view.at(0, -1, 0).y > 200, "down, too");
  });
});
