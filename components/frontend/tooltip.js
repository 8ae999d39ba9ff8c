// The card that follows the pointer: label and chosen columns of the point below it.
import { element, withMarks } from "./shared.js";

/** Show row's card near (x, y) in px of the map, or hide it where row is null. */
export function fillTooltip(node, row, x, y, { labels, columns, root }) {
  node.hidden = row === null || !labels;
  if (node.hidden) return;
  node.replaceChildren(element("strong", {}, labels[row] || "(no label)"));
  for (const { name, cells } of columns ?? []) {
    node.append(element("div", {}, element("span", {}, name), " ", ...withMarks(cells[row] ?? "–")));
  }
  const right = x + 16 + node.offsetWidth > root.clientWidth;
  const low = y + 16 + node.offsetHeight > root.clientHeight;
  node.style.left = `${right ? x - 12 - node.offsetWidth : x + 16}px`;
  node.style.top = `${low ? y - 12 - node.offsetHeight : y + 16}px`;
}
