// @ts-check
// The command palette (Ctrl-K), which reaches every action by its name, and the help on keys (?).
import { addStyles, element } from "../shared/dom.js";
import { mount } from "../shared/mount.js";
import { send } from "../shared/page.js";
import { formatCount } from "../shared/text.js";
import { controlsOf, distinct, matching, searchOf, THEMES, withTheme } from "./actions.js";
import { KEYS } from "./keys.js";

/** @typedef {import("./actions.js").Action} Action */
/** @typedef {import("./actions.js").Choice} Choice */
/** @typedef {(event: { type: "navigated", search: string }) => void} Emit */

const isMac = navigator.platform.startsWith("Mac");
const MOST_LISTED = 60; // actions; more are found by typing

/** @param {string} keys */
const onThisMachine = (keys) => (isMac ? keys.replace("Ctrl ", "⌘") : keys);

class Commands {
  /** @type {Choice[]} */
  #choices = [];

  /** @type {Emit} */
  #emit = () => {};

  /** @type {Action[]} What can be done now; collected when the palette opens. */
  #actions = [];

  /** @type {Action[]} Those that match what was typed. */
  #found = [];

  /** Place of the one that Enter runs. */
  #active = 0;

  /** @type {Element | null} What had the focus before a dialog was opened. */
  #focused = null;

  #listeners = new AbortController();

  /** @param {HTMLElement} parent */
  constructor(parent) {
    this.input = element("input", {
      type: "text", role: "combobox", placeholder: "What do you want to do?", "aria-label": "Command",
      "aria-autocomplete": "list", "aria-expanded": "true", "aria-controls": "command-list",
      autocomplete: "off", spellcheck: "false",
      oninput: () => this.find(), onkeydown: (/** @type {KeyboardEvent} */ event) => this.#keyInPalette(event),
    });
    this.list = element("ul", { id: "command-list", role: "listbox", "aria-label": "Commands" });
    this.palette = dialog("Commands", this.input, this.list);
    this.help = dialog(
      "Keys", element("h2", {}, "Keys"), ...keyTables(),
      element("button", { type: "button", onclick: () => this.help.close() }, "Close"),
    );
    for (const each of [this.palette, this.help]) {
      each.addEventListener("close", () => this.#returnFocus());
      each.addEventListener("click", (event) => event.target === each && each.close()); // beside its content
      each.addEventListener("keydown", (event) => event.stopPropagation()); // Escape closes, and clears nothing
    }
    this.root = element(
      "div", { class: "commands" },
      element("button", { type: "button", onclick: () => this.open() },
        "Commands", element("kbd", {}, onThisMachine("Ctrl K"))),
      element("button", { type: "button", onclick: () => this.showHelp() }, "Keys", element("kbd", {}, "?")),
      this.palette, this.help,
    );
    parent.append(this.root);
    window.addEventListener("keydown", (event) => this.#key(event), { signal: this.#listeners.signal });
  }

  destroy() {
    this.#listeners.abort();
    this.root.remove();
  }

  /**
   * @param {{ choices: Choice[] }} message
   * @param {Emit} emit
   */
  update({ choices }, emit) {
    this.#choices = choices;
    this.#emit = emit;
  }

  open() {
    const choices = this.#choices.map((choice) => this.#actionOf(choice));
    this.#actions = distinct([...choices, ...this.#mapActions(), ...controlsOf(document)]);
    this.#show(this.palette);
    this.input.value = "";
    this.input.focus();
    this.find();
  }

  showHelp() {
    this.#show(this.help);
    send("event", "keys");
  }

  /** @param {HTMLDialogElement} shown */
  #show(shown) {
    this.#focused = document.activeElement;
    shown.showModal();
  }

  /** Give the focus back to what had it, unless an action has moved it. */
  #returnFocus() {
    if (document.activeElement === document.body && this.#focused instanceof HTMLElement) this.#focused.focus();
  }

  /** @returns {Action[]} */
  #mapActions() {
    const keys = { title: "Show the keys", keys: "?", run: () => this.showHelp() };
    if (!document.querySelector(".embedding-map")) return [keys];
    const command = (/** @type {string} */ title, /** @type {string} */ name, /** @type {string} */ key) =>
      ({ title, keys: key, run: () => send("command", name) });
    return [
      command("Reset axes", "fit", "0"),
      command("Full screen", "fullscreen", "F"),
      { title: "Undo", keys: onThisMachine("Ctrl Z"), run: () => history.back() },
      { title: "Redo", keys: onThisMachine("Ctrl Y"), run: () => history.forward() },
      ...themeActions(),
      keys,
    ];
  }

  /**
   * @param {Choice} choice
   * @returns {Action}
   */
  #actionOf(choice) {
    const run = () => {
      const search = searchOf(location.search, choice);
      history.pushState({}, "", `${location.pathname}${search}`);
      this.#emit({ type: "navigated", search });
    };
    return { title: choice.title, keys: "", run };
  }

  /** List the actions that match what is typed. */
  find() {
    this.#found = matching(this.#actions, this.input.value);
    this.#choose(0);
  }

  /** @param {number} place */
  #choose(place) {
    const listed = this.#found.slice(0, MOST_LISTED);
    this.#active = listed.length ? (place + listed.length) % listed.length : 0;
    const lines = listed.map((action, i) => element(
      "li",
      {
        role: "option", id: `command-${i}`, "aria-selected": String(i === this.#active),
        onclick: () => this.#run(action),
      },
      element("span", {}, action.title), ...(action.keys ? [element("kbd", {}, action.keys)] : []),
    ));
    const more = this.#found.length - listed.length;
    const note = more ? `${formatCount(more)} more: type to find them` : listed.length ? "" : "No command";
    if (note) lines.push(element("li", { class: "commands-note", role: "status" }, note));
    this.list.replaceChildren(...lines);
    this.input.setAttribute("aria-activedescendant", listed.length ? `command-${this.#active}` : "");
    lines[this.#active]?.scrollIntoView({ block: "nearest" });
  }

  /** @param {Action} action */
  #run(action) {
    this.palette.close();
    action.run();
  }

  /** @param {KeyboardEvent} event */
  #keyInPalette(event) {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.#choose(this.#active + step);
    } else if (event.key === "Enter" && this.#found.length) {
      event.preventDefault();
      this.#run(this.#found[this.#active]);
    }
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { target, key } = event;
    const isCommand = (event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey;
    const isTyping = target instanceof HTMLElement && (target.isContentEditable || target.matches("input, textarea"));
    if (isCommand && key.toLowerCase() === "k") this.open();
    else if (isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (key === "?") this.showHelp();
    else if (key === "/") /** @type {HTMLElement | null} */ (document.querySelector(".search-box input"))?.focus();
    else return;
    event.preventDefault();
  }
}

/**
 * Return the choices of a theme but the current one; Streamlit takes it from the address of a page that is loaded.
 *
 * @returns {Action[]}
 */
function themeActions() {
  return THEMES.map(({ title, option }) => ({ title, search: withTheme(location.search, option) }))
    .filter(({ search }) => new URLSearchParams(search).toString() !== new URLSearchParams(location.search).toString())
    .map(({ title, search }) => ({ title, keys: "", run: () => location.assign(`${location.pathname}${search}`) }));
}

/**
 * @param {string} name
 * @param {...HTMLElement} content
 */
function dialog(name, ...content) {
  return element("dialog", { "aria-label": name }, element("div", {}, ...content));
}

function keyTables() {
  return KEYS.map(({ place, keys }) => element(
    "section", {}, element("h3", {}, place),
    element("dl", {}, ...keys.flatMap(([key, what]) =>
      [element("dt", {}, element("kbd", {}, onThisMachine(key))), element("dd", {}, what)])),
  ));
}

export const update = mount((parent) => {
  addStyles("commands.css", import.meta.url);
  return new Commands(parent);
});
