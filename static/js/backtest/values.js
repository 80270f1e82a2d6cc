// How the value of a wire is told: words, and a state that colours it (never alone: the words have a sign as well).

const NUMBER = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 7 });
const SHORTER = [5, 4, 3].map((digits) => new Intl.NumberFormat("en-US", { maximumSignificantDigits: digits }))
  .concat(new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 }));
const FLAGS = { 1: { text: "✓ true", state: "true" }, 0: { text: "✗ false", state: "false" } };
const WAYS = {
  1: { text: "▲ up", state: "true" },
  0: { text: "■ flat", state: "" },
  [-1]: { text: "▼ down", state: "false" },
};
const UNKNOWN = { text: "? not yet known", state: "unknown" };

/** A number as people read it. */
export const number = (value) => NUMBER.format(value);

/** A share in percent with its sign. */
export const percent = (value) => `${value > 0 ? "+" : ""}${value.toFixed(2)} %`;

/** Quote currency with its sign. */
export const money = (value) =>
  `${value > 0 ? "+" : ""}${value.toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;

/**
 * @param {{k: string, v: any}} value as the trace gives it: n number, f flag, d direction, t text
 * @returns {{text: string, state: string}}
 */
export function told({ k, v }) {
  if (v === null || v === undefined || v === "not yet known") return UNKNOWN;
  if (k === "n") return { text: NUMBER.format(v), state: "number" };
  if (k === "f") return FLAGS[v] ?? UNKNOWN;
  if (k === "d") return WAYS[v] ?? UNKNOWN;
  return { text: String(v), state: "" };
}

const SIDES = { long: "▲ long", short: "▼ short", nothing: "– none" };

/** The same for a wire on the canvas, where only a few letters fit. */
export function brief(value) {
  const { text, state } = told(value);
  if (state === "unknown") return { text: "?", state };
  if (state === "number") return { text, state, get shorter() { return SHORTER.map((form) => form.format(value.v)); } };
  if (value.k !== "t" || state) return { text, state, shorter: [text.slice(0, 1)] };
  const side = SIDES[/^(long|short|nothing)\b/.exec(text)?.[1]];
  const areas = text.match(/ to .+?touch/g)?.length;
  if (side) return { text: side, state, shorter: [side.slice(0, 1)] };
  return { text: areas ? `${areas} area${areas > 1 ? "s" : ""}` : text, state };
}
