// What is being looked at, kept behind the # of the address: a reload or a shared link shows the same.

/**
 * @typedef {{market?: number, bar?: number, trade?: number, nodes: string[], level: string, list?: boolean}} Place
 */

/** @returns {Place} */
export function readPlace(hash = window.location.hash) {
  const words = new URLSearchParams(hash.slice(1));
  const bar = words.has("bar") ? Date.parse(`${words.get("bar")}Z`) : NaN;
  const whole = (name) => (/^\d+$/.test(words.get(name) ?? "") ? Number(words.get(name)) : undefined);
  return {
    market: whole("market"),
    bar: Number.isNaN(bar) ? undefined : bar,
    trade: whole("trade"),
    nodes: (words.get("nodes") ?? "").split(",").filter(Boolean),
    level: words.get("in") ?? "",
    list: words.has("view") ? words.get("view") === "list" : undefined,
  };
}

/** The address of a place. @param {Place} place */
export function placeHash({ market, bar, trade, nodes, level, list }) {
  const words = [];
  if (market) words.push(`market=${market}`);
  if (bar !== undefined) words.push(`bar=${new Date(bar).toISOString().slice(0, 16)}`);
  if (trade !== undefined) words.push(`trade=${trade}`);
  if (nodes.length) words.push(`nodes=${nodes.map(encodeURIComponent).join(",")}`);
  if (level) words.push(`in=${encodeURIComponent(level)}`);
  if (list !== undefined) words.push(`view=${list ? "list" : "graph"}`);
  return `#${words.join("&")}`;
}

/** Writes a place at most a few times a second: browsers refuse an address that changes with every held key. */
export function placeWriter() {
  let waiting;
  return (place) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => history.replaceState(history.state, "", placeHash(place)), 200);
  };
}
