// The page of a finished back-test: makes the parts and joins them.

import { api } from "../api.js";
import { ChartPane } from "./chart_pane.js";
import { Clock } from "./clock.js";
import { byId } from "./dom.js";
import { drawEquity } from "./equity.js";
import { GraphPane } from "./graph_pane.js";
import { listenToKeys } from "./keys.js";
import { NodeCard } from "./node_card.js";
import { Panes } from "./panes.js";
import { placeWriter, readPlace } from "./place.js";
import { Reasons } from "./reasons.js";
import { Scrubber } from "./scrubber.js";
import { TradeStore } from "./trade_store.js";
import { drawStrip } from "./trade_strip.js";
import { TradeTable } from "./trade_table.js";
import { TraceStore } from "./trace_store.js";
import { View } from "./view.js";
import { WireList } from "./wire_list.js";
import { Workbench } from "./workbench.js";

const data = JSON.parse(byId("backtest-data").textContent);
const get = (path) => api(`/api/backtests/${data.id}/${path}`, { quiet: true });
const ofMarket = (path) => get(`${path}${path.includes("?") ? "&" : "?"}market=${data.market}`);

/** The trace, or an empty one where none was kept. */
async function openTrace(clock) {
  if (!data.kept) {
    const load = async (chunk) => ({ first: chunk * clock.rows, rows: clock.rows, wires: {} });
    return new TraceStore({ rows: clock.rows, size: clock.rows, wires: [], load });
  }
  const { wires, chunk } = await ofMarket("wires");
  return new TraceStore({ rows: clock.rows, size: chunk, wires, load: (number) => ofMarket(`trace?chunk=${number}`) });
}

/** Outputs of a node; of a sub-graph those inside that its outputs stand for. */
function wiresOf(trace, node) {
  const outputs = data.nodes[node]?.outputs;
  if (!outputs) return trace.of(node);
  return outputs.flatMap(([label, name]) => (trace.byName.has(name) ? [{ ...trace.byName.get(name), label }] : []));
}

/** Buttons that delete something, after a question. */
function listenToRemovals() {
  for (const button of document.querySelectorAll("[data-remove]")) {
    button.addEventListener("click", async () => {
      if (!window.confirm(button.dataset.ask)) return;
      await api(button.dataset.remove, { method: "DELETE" });
      window.location.assign(button.dataset.then);
    });
  }
}

async function start() {
  listenToRemovals();
  const clock = new Clock(data.clock), trace = await openTrace(clock), place = readPlace();
  const trades = new TradeStore(get), write = placeWriter(), of = (node) => wiresOf(trace, node);
  new Panes();
  let bench;
  const onNode = (node) => bench.toggle(node), open = (number) => bench.open(number);
  const chart = new ChartPane({
    clock, trace, titles: data.nodes, wiresOf: of, load: (from, to) => ofMarket(`candles?from=${from}&to=${to}`),
    onPeek: (row) => bench.peek(row), onSelect: (row) => bench.select(row),
    onClick: (row) => bench.click(row), onTrade: open, onRemove: onNode,
  });
  const graph = new GraphPane({
    url: `/backtests/${data.id}/graph`, title: data.title, nodes: data.nodes, onNode, onLevel: () => bench.remember(),
  });
  const list = new WireList({ wires: trace.wires, nodes: data.nodes, onNode });
  const card = new NodeCard({
    nodes: data.nodes, types: data.types, wiresOf: of, shown: (node) => chart.shown.has(node), onToggle: onNode,
    onOpen: (node) => graph.open(node),
  });
  const view = new View({ chosen: place.list, onChange: () => { bench.paint(); bench.remember(); } });
  const scrubber = new Scrubber({
    clock, onRow: (row) => bench.select(row), onStep: (what, step) => bench.step(what, step),
  });
  const table = new TradeTable({
    store: trades, several: data.symbols.length > 1, onTrade: (number) => openAnywhere(trades.numbered(number), open),
  });
  const reasons = new Reasons({
    onNode: (node) => bench.point(node), onTime: (time) => bench.select(clock.rowAt(time)),
    onClose: () => bench.closeTrade(),
  });
  bench = new Workbench({
    clock, trace, trades, graph, list, card, chart, scrubber, reasons, table, view, write, symbol: data.symbol,
    signals: data.calls, why: (row) => ofMarket(`why?row=${row}`),
  });
  byId("whole").addEventListener("click", () => bench.whole());

  listenToKeys(byId("workbench"), bench);
  drawEquity(get);
  await trades.load(() => table.refresh());
  chart.setTrades(trades.of(data.symbol));
  drawStrip(trades.of(data.symbol), clock);
  await bench.restore(place);
  document.documentElement.dataset.ready = "";
}

/** A trade of another market has its own page. */
function openAnywhere(trade, open) {
  const market = data.symbols.indexOf(trade.symbol);
  if (market === data.market) {
    byId("workbench").scrollIntoView({ block: "start" });
    open(trade.number);
  } else window.location.assign(`?market=${market}#trade=${trade.number}`);
}

start();
