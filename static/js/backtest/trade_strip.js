// Trades as ticks under the slider: where in time there is something to see.

import { byId } from "./dom.js";

const SVG = "http://www.w3.org/2000/svg";

/** One path for those that won and one for those that lost. */
export function drawStrip(trades, clock) {
  const strip = byId("trade-strip");
  strip.setAttribute("viewBox", `0 0 ${clock.rows} 10`);
  for (const [name, won] of [["won", true], ["lost", false]]) {
    const path = document.createElementNS(SVG, "path");
    const ticks = trades.filter((trade) => (trade.pnl > 0) === won).map((trade) => `M${clock.rowAt(trade.entry_time)} 0V10`);
    path.setAttribute("class", name);
    path.setAttribute("d", ticks.join(""));
    path.setAttribute("vector-effect", "non-scaling-stroke");
    strip.append(path);
  }
}
