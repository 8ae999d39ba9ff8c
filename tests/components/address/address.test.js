// Keys that undo and redo.
import assert from "node:assert/strict";
import { test } from "node:test";
import { stepOf, withCamera, withLoaded } from "../../../components/address/address.js";

const none = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };

test("ctrl or cmd with Z undoes, with shift, or with Y, redoes", () => {
  assert.equal(stepOf({ ...none, key: "z", ctrlKey: true }), -1);
  assert.equal(stepOf({ ...none, key: "z", metaKey: true }), -1);
  assert.equal(stepOf({ ...none, key: "Z", ctrlKey: true, shiftKey: true }), 1);
  assert.equal(stepOf({ ...none, key: "y", ctrlKey: true }), 1);
});

test("other keys do nothing", () => {
  for (const keys of [{}, { altKey: true, ctrlKey: true }, { shiftKey: true }]) {
    assert.equal(stepOf({ ...none, key: "z", ...keys }), 0);
  }
  assert.equal(stepOf({ ...none, key: "x", ctrlKey: true }), 0);
});

test("the view of the map is one parameter of the address", () => {
  const at = "http://localhost:1/?set=a%2Cb&row=3#x";
  assert.equal(withCamera(at, "1,2,3"), "http://localhost:1/?set=a%2Cb&row=3&camera=1,2,3#x");
  assert.equal(withCamera(withCamera(at, "1,2,3"), "4,5,6"), withCamera(at, "4,5,6"));
  assert.equal(withCamera(withCamera(at, "1,2,3"), ""), at);
  assert.equal(withCamera("http://localhost:1/", "1,2,3"), "http://localhost:1/?camera=1,2,3");
  assert.equal(withCamera("http://localhost:1/?camera=1", ""), "http://localhost:1/");
});

test("options that the page was loaded with stay in the address", () => {
  const dark = ["embed_options=dark_theme"];
  assert.equal(withLoaded("http://localhost:1/", dark), "http://localhost:1/?embed_options=dark_theme");
  assert.equal(withLoaded("http://localhost:1/?set=a#x", dark), "http://localhost:1/?set=a&embed_options=dark_theme#x");
  const light = "http://localhost:1/?embed_options=light_theme&set=a";
  assert.equal(withLoaded(light, dark), light);
  assert.equal(withLoaded("http://localhost:1/", []), "http://localhost:1/");
});
