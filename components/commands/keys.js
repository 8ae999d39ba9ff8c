// @ts-check
// The keys of the Explore screen, for its help.

/** @type {readonly { place: string, keys: readonly (readonly [string, string])[] }[]} */
export const KEYS = [
  {
    place: "Anywhere",
    keys: [
      ["Ctrl K", "all commands"],
      ["?", "these keys"],
      ["Ctrl Z", "undo the last step; also the browser's Back"],
      ["Ctrl Y", "redo it; also the browser's Forward"],
      ["/", "search"],
      ["Esc", "clear the item, the selection or the query"],
    ],
  },
  {
    place: "On the map",
    keys: [
      ["← ↑ → ↓", "move the view; in 3D, turn it"],
      ["+ −", "zoom"],
      ["0", "fit all points"],
      ["S", "color by similarity to the item, or no longer"],
      ["F", "full screen, and back"],
      ["Ctrl click", "add a point to the selection, or take it out"],
      ["Shift, Alt", "with a box, a lasso or a category: add it to the selection, take it out"],
    ],
  },
  {
    place: "In lists",
    keys: [
      ["↑ ↓", "go through neighbors, categories, matches of a search"],
      ["Enter", "go to the item; hide or show a category"],
      ["Tab", "go to the next control"],
    ],
  },
];
