// @ts-check
// How Streamlit mounts a component: one instance for each parent element, updated by each message.
import { send } from "./page.js";

/**
 * @template Message
 * @typedef {object} Component
 * @property {(message: Message, emit: (event: object) => void) => void} update Show a message; what
 *   the person does from then on goes to `emit`.
 * @property {() => void} destroy Remove the component from the page.
 */

/**
 * @template Message
 * @typedef {object} Mounted What Streamlit passes.
 * @property {Message} data
 * @property {HTMLElement} parentElement
 * @property {(name: string, value: object) => void} setTriggerValue
 */

/**
 * Return the function that Streamlit calls on mount and at every change of data or theme. It
 * returns the clean-up.
 *
 * @template Message
 * @param {(parent: HTMLElement, plotlyUrl: string) => Component<Message>} create
 */
export function mount(create) {
  /** @type {WeakMap<HTMLElement, Component<Message>>} */
  const instances = new WeakMap();
  /**
   * @param {Mounted<Message>} mounted
   * @param {string} plotlyUrl
   */
  return ({ data, parentElement, setTriggerValue }, plotlyUrl) => {
    const instance = instances.get(parentElement) ?? create(parentElement, plotlyUrl);
    instances.set(parentElement, instance);
    instance.update(data, (event) => {
      send("event", "type" in event ? event.type : "");
      // the nonce makes each event new: the same click a second time is a click, too
      setTriggerValue("event", { ...event, nonce: performance.now() });
    });
    return () => {
      instance.destroy();
      instances.delete(parentElement);
    };
  };
}

/**
 * Return a function that runs tasks one after another. A task's error goes to `fail` and does not
 * stop the next task.
 *
 * @param {(error: Error) => void} fail
 * @returns {(task: () => unknown) => Promise<unknown>}
 */
export function queue(fail) {
  /** @type {Promise<unknown>} */
  let last = Promise.resolve();
  return (task) => (last = last.then(task).catch(fail));
}
