// The colours of a chart out of the page's custom properties, and word of it when they change.

const NAMES = {
  back: "--surface", text: "--text", muted: "--muted", line: "--line", grid: "--grid", accent: "--accent",
  up: "--up-body", down: "--down-body", good: "--good", bad: "--bad", warn: "--warn",
};

/** @returns {Record<keyof typeof NAMES, string>} */
export function palette() {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(Object.entries(NAMES).map(([name, property]) => [name, style.getPropertyValue(property).trim()]));
}

/** A colour as the canvas takes it; `var(--s1)` is looked up. */
export function resolved(colour) {
  const name = /^var\((--[\w-]+)\)$/.exec(colour)?.[1];
  return name ? getComputedStyle(document.documentElement).getPropertyValue(name).trim() : colour;
}

/** Calls back after a change of the theme; returns what ends it. */
export function onTheme(callback) {
  const observer = new MutationObserver(callback);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  const system = window.matchMedia("(prefers-color-scheme: dark)");
  system.addEventListener("change", callback);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", callback);
  };
}
