// The search box: finds labels while one types, marks the hits on the map, selects and flies there.
import { addStyles, element, fetchJson, format, send } from "./shared.js";

const SHOWN = 8; // suggestions listed; the count of all hits stands below them
const MARKED = 1000; // hits marked on the map at most
const instances = new WeakMap();

/** Called by Streamlit on mount and at every change of data; returns the clean-up. */
export function update({ data, parentElement, setTriggerValue }) {
  let box = instances.get(parentElement);
  if (!box) {
    addStyles();
    box = new SearchBox(parentElement);
    instances.set(parentElement, box);
  }
  box.emit = (event) => setTriggerValue("event", event);
  box.open(data.labels);
  return () => {
    send("hits", []);
    box.root.remove();
    instances.delete(parentElement);
  };
}

class SearchBox {
  constructor(parent) {
    this.input = element("input", {
      type: "search", placeholder: "Search labels", "aria-label": "Search labels", role: "combobox",
      "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "search-hits",
      autocomplete: "off", spellcheck: "false",
      oninput: () => this.find(), onfocus: () => this.find(),
      onkeydown: (event) => this.key(event),
    });
    this.list = element("ul", { id: "search-hits", class: "search-hits", role: "listbox", hidden: true });
    this.root = element("div", { class: "search-box" }, this.input, this.list);
    this.root.addEventListener("focusout", (event) => {
      if (!this.root.contains(event.relatedTarget)) this.close();
    });
    parent.append(this.root);
    this.hits = [];
    this.active = 0;
  }

  async open(url) {
    if (url === this.url) return;
    this.url = url;
    this.input.value = "";
    this.close();
    this.labels = this.folded = null;
    try {
      const labels = await fetchJson(url);
      if (this.url === url) this.labels = labels;
    } catch (error) {
      this.url = null; // tried again with the next message
      this.input.placeholder = "The labels could not be loaded";
      reportError(error);
    }
  }

  find() {
    if (!this.labels) return;
    const wanted = this.input.value.trim().toLowerCase();
    if (!wanted) return this.close();
    this.folded ??= this.labels.map((label) => label.toLowerCase());
    this.hits = ranked(this.folded, wanted);
    this.active = 0;
    send("hits", this.hits.slice(0, MARKED));
    this.show();
  }

  show() {
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    if (!this.hits.length) {
      this.list.replaceChildren(element("li", { class: "search-none", role: "status" }, "No match"));
      return;
    }
    const options = this.hits.slice(0, SHOWN).map((row, i) =>
      element(
        "li",
        {
          role: "option", id: `search-hit-${i}`, "aria-selected": String(i === this.active),
          onpointerdown: (event) => event.preventDefault(), onclick: () => this.choose(row),
        },
        this.labels[row] || "(no label)",
      ),
    );
    const marked = this.hits.length > MARKED ? `, the first ${format(MARKED)} marked` : "";
    const count = `${format(this.hits.length)} ${this.hits.length === 1 ? "match" : "matches"}${marked}`;
    this.list.replaceChildren(...options, element("li", { class: "search-count", role: "status" }, count));
    this.input.setAttribute("aria-activedescendant", `search-hit-${this.active}`);
  }

  close() {
    this.list.hidden = true;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
    if (this.hits.length) send("hits", []);
    this.hits = [];
  }

  key(event) {
    const shown = Math.min(SHOWN, this.hits.length);
    if (event.key === "Escape") {
      if (this.list.hidden) send("letgo");
      this.close();
    }
    else if (event.key === "Enter" && shown) this.choose(this.hits[this.active]);
    else if (shown && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.active = (this.active + (event.key === "ArrowDown" ? 1 : shown - 1)) % shown;
      this.show();
    }
  }

  choose(row) {
    this.input.value = this.labels[row];
    this.close();
    send("fly", row);
    this.emit({ type: "click", row, nonce: performance.now() });
  }
}

/** Rows whose folded label holds `wanted`: equal, then beginning, then beginning of a word, then inside. */
function ranked(folded, wanted) {
  const tiers = [[], [], [], []];
  for (let row = 0; row < folded.length; row++) {
    const at = folded[row].indexOf(wanted);
    if (at < 0) continue;
    if (at === 0) tiers[folded[row].length === wanted.length ? 0 : 1].push(row);
    else tiers[/[^\p{L}\p{N}]/u.test(folded[row][at - 1]) ? 2 : 3].push(row);
  }
  return tiers.flat();
}
