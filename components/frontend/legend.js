// The legend: categories with their counts; a click shows one alone (or selects a cluster's members),
// the swatch hides, and keys do the same.
import { element, format } from "./shared.js";

/**
 * Fill `node` with one line per category.
 *
 * `act.solo(code)`, `act.hide(code)` and `act.select(code)` are called on clicks;
 * `hidden` is the set of codes that are not drawn.
 */
export function drawLegend(node, colors, hidden, act) {
  const drawn = JSON.stringify([colors.url, colors.title, [...hidden], node.dataset.folded]);
  if (node.dataset.drawn === drawn) return; // focus and scroll stay where they are
  const focused = node.contains(document.activeElement) && document.activeElement.dataset.key;
  const scrolled = node.scrollTop;
  fill(node, colors, hidden, act);
  node.dataset.drawn = JSON.stringify([colors.url, colors.title, [...hidden], node.dataset.folded]);
  node.scrollTop = scrolled;
  if (focused) node.querySelector(`[data-key="${focused}"]`)?.focus();
}

function fill(node, colors, hidden, act) {
  node.replaceChildren();
  node.hidden = colors.kind !== "categories" || colors.names.length < 2;
  if (node.hidden) return;
  node.dataset.folded ??= String(node.parentElement.clientWidth < 500); // a phone shows it on demand
  const folded = node.dataset.folded === "true";
  const title = element(
    "button",
    {
      class: "legend-title", type: "button", "data-key": "title", "aria-expanded": String(!folded),
      onclick: () => {
        node.dataset.folded = String(!folded);
        drawLegend(node, colors, hidden, act);
      },
    },
    colors.title, element("span", { class: "legend-fold", "aria-hidden": "true" }, folded ? "+" : "–"),
  );
  node.append(title);
  if (folded) return;
  const list = element("ul", {});
  colors.names.forEach((name, code) => list.append(line(name, code, colors, hidden, act)));
  node.append(list);
  if (hidden.size) {
    node.append(
      element("button", { class: "legend-all", type: "button", onclick: act.showAll }, "Show all"),
    );
  }
}

function line(name, code, colors, hidden, act) {
  const off = hidden.has(code);
  const swatch = element("button", {
    class: "legend-swatch", type: "button", "data-key": `swatch-${code}`, "aria-pressed": String(!off),
    title: off ? `Show ${name}` : `Hide ${name}`, "aria-label": off ? `Show ${name}` : `Hide ${name}`,
    style: `--swatch: ${colors.palette[code]}`, onclick: () => act.hide(code),
  });
  const entry = element(
    "button",
    {
      class: "legend-name", type: "button", "data-key": `name-${code}`,
      title: colors.click === "solo" ? `Show only ${name}` : `Select ${name}`,
      onclick: () => act[colors.click](code),
    },
    element("span", { class: "legend-text" }, name),
    element("span", { class: "legend-count" }, format(colors.counts[code])),
  );
  const select = element(
    "button",
    {
      class: "legend-select", type: "button", title: `Select the members of ${name}`,
      "aria-label": `Select the members of ${name}`, onclick: () => act.select(code),
    },
    "→",
  );
  return element("li", { class: off ? "off" : "" }, swatch, entry, colors.click === "solo" ? select : "");
}
