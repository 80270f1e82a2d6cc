// Making elements. Text is always text, never markup.

/** @returns {HTMLElement} */
export const byId = (id) => document.getElementById(id);

/**
 * An element with attributes and children; `class` and `text` are what they say, false and null are left out.
 * @param {string} tag
 * @param {Record<string, any>} [attributes]
 * @param {...(Node|string)} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (typeof value === "function") element.addEventListener(name, value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

/** An instant in a <time> element, UTC. */
export function timeOf(instant) {
  const text = new Date(instant).toISOString();
  return make("time", { datetime: text, text: text.slice(0, 16).replace("T", " ") });
}

/** Calls a function at most once per frame, with the latest arguments. */
export function perFrame(draw) {
  let waiting = null;
  return (...given) => {
    if (waiting === null) requestAnimationFrame(() => {
      const latest = waiting;
      waiting = null;
      draw(...latest);
    });
    waiting = given;
  };
}

/** Calls a function when nothing more came for a while. */
export function afterPause(milliseconds, act) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => act(...given), milliseconds);
  };
}
