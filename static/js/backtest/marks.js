// Signal, entry, stop, target and exit of trades as marks on the candles.

const MOST = 300; // trades with marks at a time, those around the cursor

/** Trades around an instant; `trades` are in the order of their decisions. */
export function nearest(trades, time) {
  if (trades.length <= MOST) return trades;
  const after = trades.findIndex((trade) => trade.decision_time > time);
  const middle = after < 0 ? trades.length : after;
  const first = Math.max(0, Math.min(trades.length - MOST, middle - MOST / 2));
  return trades.slice(first, first + MOST);
}

/**
 * Marks of trades; times are openings of bars of the run.
 * @param {import("./trade_store.js").Trade[]} trades
 * @param {import("./clock.js").Clock} clock
 */
export function marksOf(trades, clock) {
  const bar = (time) => clock.time(clock.rowAt(time));
  return trades.flatMap((trade) => {
    const one = { side: trade.side, trade: trade.number };
    const entry = bar(trade.entry_time), exit = bar(trade.exit_time);
    const marks = [
      { ...one, kind: "signal", time: bar(trade.decision_time - 1), price: trade.entry_price, text: "" },
      { ...one, kind: "entry", time: entry, price: trade.entry_price, text: `${trade.side} ${trade.number}` },
      { ...one, kind: "exit", time: exit, price: trade.exit_price, text: trade.exit_reason.replaceAll("_", " ") },
    ];
    if (trade.stop !== null) marks.push({ ...one, kind: "stop", time: entry, price: trade.stop, text: "stop" });
    if (trade.target !== null) marks.push({ ...one, kind: "target", time: entry, price: trade.target, text: "target" });
    return marks;
  });
}
