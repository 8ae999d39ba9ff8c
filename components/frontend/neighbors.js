// The list of neighbors: label, bar and value in each row; a click walks there.
import { addStyles, element, send, withMarks } from "./shared.js";

const instances = new WeakMap();

/** Called by Streamlit on mount and at every change of data; returns the clean-up. */
export function update({ data, parentElement, setTriggerValue }) {
  addStyles();
  let root = instances.get(parentElement);
  if (!root) {
    root = element("ol", { class: "neighbor-list" });
    root.addEventListener("pointerleave", () => send("hover", null));
    parentElement.append(root);
    instances.set(parentElement, root);
  }
  const text = JSON.stringify(data);
  if (root.dataset.text !== text) {
    root.dataset.text = text;
    root.setAttribute("aria-label", data.description);
    root.dataset.of = data.of ?? "selection";
    root.replaceChildren(...data.items.map((item) => line(item, data)));
  }
  root.walk = (row) => setTriggerValue("event", { type: "click", row, nonce: performance.now() });
  return () => {
    send("hover", null);
    root.remove();
    instances.delete(parentElement);
  };
}

function line({ row, label, value, share }, { decimals }) {
  const button = element(
    "button",
    {
      type: "button", class: "neighbor-label", "data-row": row, title: label.replace(/[⟦⟧]/g, ""),
      onclick: (event) => event.currentTarget.closest("ol").walk(row),
      onpointerenter: () => send("hover", row), onfocus: () => send("hover", row),
      onblur: () => send("hover", null),
    },
    ...withMarks(label || "(no label)"),
  );
  return element(
    "li", { style: `--share: ${(100 * share).toFixed(1)}%` }, button,
    element("span", { class: "neighbor-value" }, written(value, decimals)),
  );
}

/** A value with the list's decimals, or with two digits where those would all be zero. */
function written(value, decimals) {
  return value && Math.abs(value) < 0.5 * 10 ** -decimals ? value.toPrecision(2) : value.toFixed(decimals);
}
