// Bars, prices and instants as text.

const MOST_DECIMALS = 8;

/** "2026-11-25 08:00 UTC" */
export const instant = (ms) => `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;

/** How many decimals the prices of a market need. */
export function decimalsOf(prices) {
  const some = prices.filter((_, at) => at % Math.ceil(prices.length / 200 || 1) === 0);
  for (let decimals = 0; decimals < MOST_DECIMALS; decimals += 1) {
    const scale = 10 ** decimals;
    if (some.every((price) => Math.abs(price * scale - Math.round(price * scale)) < 1e-6 * Math.max(1, price * scale))) return decimals;
  }
  return MOST_DECIMALS;
}

/** A number with its thousands apart. */
export const grouped = (value, decimals) =>
  value.toLocaleString("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });

/** A number of any size with six digits that count. */
export function brief(value) {
  return value.toLocaleString("en-US", { maximumSignificantDigits: 6 });
}

/** What one bar says, name by name. */
export function facts({ open, high, low, close, volume }, decimals) {
  const change = open ? 100 * (close / open - 1) : 0;
  return [
    ["open", "O", grouped(open, decimals)], ["high", "H", grouped(high, decimals)], ["low", "L", grouped(low, decimals)],
    ["close", "C", grouped(close, decimals)], ["change", "", `${change >= 0 ? "+" : ""}${change.toFixed(2)} %`],
    ["volume", "Vol", brief(volume)],
  ];
}
