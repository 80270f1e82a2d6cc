// Equity and drawdown of the run beside the first market bought and held.

import { createEquityChart } from "../chart/line_chart.js";
import { byId } from "./dom.js";

const MINUTE = 60_000;

/** Draws the curves into #equity. @param {(path: string) => Promise<any>} get */
export async function drawEquity(get) {
  const { t0, t, eq, dd, hold, capital } = await get("equity");
  const times = t.map((minutes) => t0 + MINUTE * minutes);
  const curves = [{ title: "equity", colour: "var(--accent)", t: times, eq, dd }];
  if (hold) curves.unshift({ title: "bought and held", colour: "var(--muted)", t: times, eq: hold, dd: drawdown(hold, capital) });
  createEquityChart(byId("equity"), { curves });
}

/** Percent below the highest value so far. */
function drawdown(values, start) {
  let peak = start;
  return values.map((value) => {
    peak = Math.max(peak, value);
    return 100 * (value / peak - 1);
  });
}
