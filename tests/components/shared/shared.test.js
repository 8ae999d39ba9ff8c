// What the components share: numbers and texts for the screen, colors, mounting, and messages.
import assert from "node:assert/strict";
import { describe, mock, test } from "node:test";
import { fade, mix } from "../../../components/shared/colors.js";
import { plainText, textNodes } from "../../../components/shared/dom.js";
import { mount, queue } from "../../../components/shared/mount.js";
import { send, subscribe } from "../../../components/shared/page.js";
import { escapeHtml, formatCount, formatDecimals, formatValue } from "../../../components/shared/text.js";

describe("texts", () => {
  test("HTML is escaped", () => {
    assert.equal(escapeHtml('<b>&amp;</b> "'), '&lt;b&gt;&amp;amp;&lt;/b&gt; "');
    assert.equal(escapeHtml(7), "7");
  });

  test("counts have separators", () => {
    assert.deepEqual([0, 999, 1797, 1e6].map(formatCount), ["0", "999", "1,797", "1,000,000"]);
  });

  test("decimals are fixed, unless only zeros would be left", () => {
    assert.equal(formatDecimals(0.98765, 3), "0.988");
    assert.equal(formatDecimals(0.0005, 3), "0.001");
    assert.equal(formatDecimals(0.00049, 3), "0.00049");
    assert.equal(formatDecimals(-0.0001234, 3), "-0.00012");
    assert.equal(formatDecimals(0, 3), "0.000");
    assert.equal(formatDecimals(123.456, 1), "123.5");
  });

  test("values have four significant digits", () => {
    assert.deepEqual([0.123456, 12345.6, 2, 0].map(formatValue), ["0.1235", "12,350", "2", "0"]);
    assert.deepEqual([null, undefined].map(formatValue), ["", ""]);
  });

  test("a text is shown as it is, marks included", () => {
    assert.deepEqual(textNodes("a ⟦bank⟧ <b>"), ["a ⟦bank⟧ <b>"]);
    assert.deepEqual(textNodes({ before: "no word", word: "", after: "" }), ["no word"]);
    assert.equal(plainText({ before: "a ", word: "bank", after: " lends" }), "a bank lends");
    assert.equal(plainText("⟦x⟧"), "⟦x⟧");
  });
});

test("colors are faded and mixed", () => {
  assert.equal(fade("#0B6bCB", 0.5), "rgba(11, 107, 203, 0.5)");
  assert.equal(mix("#ffffff", "#000000", 0.25), "rgb(64, 64, 64)");
  assert.equal(mix("#102030", "#ffffff", 1), "rgb(16, 32, 48)");
});

describe("mount", () => {
  test("creates one instance per element, updates it, and creates a new one after cleanup", () => {
    const made = [];
    const update = mount((parent, url) => {
      const component = { parent, url, update: mock.fn(), destroy: mock.fn() };
      made.push(component);
      return component;
    });
    const sent = mock.fn();
    const parentElement = {};
    const message = (data) => ({ data, parentElement, setTriggerValue: sent });
    update(message(1), "plotly");
    const cleanUp = update(message(2), "plotly");
    update({ ...message(3), parentElement: {} }, "plotly");
    assert.equal(made.length, 2);
    assert.deepEqual(made[0].update.mock.calls.map((call) => call.arguments[0]), [1, 2]);
    assert.equal(made[0].url, "plotly");

    const emit = made[0].update.mock.calls[1].arguments[1];
    emit({ type: "clear" });
    emit({ type: "clear" });
    const [first, second] = sent.mock.calls.map((call) => call.arguments);
    assert.equal(first[0], "event");
    assert.equal(first[1].type, "clear");
    assert.notEqual(first[1].nonce, second[1].nonce);

    cleanUp();
    assert.equal(made[0].destroy.mock.callCount(), 1);
    update(message(4), "plotly");
    assert.equal(made.length, 3);
  });
});

test("a queue runs tasks one after another, also after an error", async () => {
  const done = [];
  const failed = [];
  const enqueue = queue((error) => failed.push(error.message));
  enqueue(async () => {
    await Promise.resolve();
    done.push("first");
  });
  enqueue(() => {
    throw new Error("second");
  });
  await enqueue(() => done.push("third"));
  assert.deepEqual(done, ["first", "third"]);
  assert.deepEqual(failed, ["second"]);
});

test("messages reach the subscribers to their name until they unsubscribe", () => {
  const hovered = [];
  const end = subscribe({ hover: (row) => hovered.push(row) });
  send("hover", 3);
  send("fly", 4);
  send("hover", null);
  end();
  send("hover", 5);
  assert.deepEqual(hovered, [3, null]);
});
