// What the command palette offers for a text, and the addresses of its choices.
import assert from "node:assert/strict";
import { test } from "node:test";
import { distinct, matching, searchOf, withTheme } from "../../../components/commands/actions.js";

const titles = (found) => found.map((action) => action.title);
const actions = ["Color: plot", "Layout: PCA", "Open: Colors of plots", "Clear", "Layout: t-SNE"]
  .map((title) => ({ title }));

test("all words of the text are in the title, in any order and case", () => {
  assert.deepEqual(titles(matching(actions, "plot COLOR")), ["Color: plot", "Open: Colors of plots"]);
  assert.deepEqual(titles(matching(actions, "colour")), []);
});

test("titles that begin with the text come first, then those with words that do", () => {
  assert.deepEqual(titles(matching(actions, "c")), ["Color: plot", "Clear", "Open: Colors of plots", "Layout: PCA"]);
});

test("without a text, everything is offered in its order", () => {
  assert.deepEqual(matching(actions, "  "), actions);
});

test("a choice changes its parameters, and removes those that belong to the last choice", () => {
  const choice = { params: { color: "a & b", named: null, scaled: null }, alone: false };
  assert.equal(searchOf("?set=x&named=1&color=y", choice), "?set=x&color=a+%26+b");
  assert.equal(searchOf("", { params: { color: null }, alone: false }), "");
});

test("a theme takes the place of the last one, and another set has the same", () => {
  assert.equal(withTheme("?set=x&row=4", "dark_theme"), "?set=x&row=4&embed_options=dark_theme");
  const dark = "?embed_options=show_padding&embed_options=dark_theme&set=x";
  assert.equal(withTheme(dark, "light_theme"), "?set=x&embed_options=show_padding&embed_options=light_theme");
  assert.equal(withTheme("?embed_options=dark_theme", null), "");
  const choice = { params: { set: "y" }, alone: true };
  assert.equal(searchOf("?embed_options=dark_theme&set=x&row=4", choice), "?embed_options=dark_theme&set=y");
});

test("another set keeps nothing of the address", () => {
  assert.equal(searchOf("?set=x&row=4", { params: { set: "gallery:y" }, alone: true }), "?set=gallery%3Ay");
});

test("of equal titles the first is offered", () => {
  const run = () => {};
  const first = { title: "Full screen", keys: "F", run };
  assert.deepEqual(distinct([first, { title: "Full screen", keys: "", run }]), [first]);
});
