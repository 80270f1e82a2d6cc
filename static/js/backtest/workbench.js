// Graph, candles and panels under one cursor.
//
// Hovering a bar is a peek: values follow the pointer and come back when it leaves. A click, a key or the slider selects
// a bar, and only then the reasons are asked for. An open trade stays open while the cursor is between its decision and
// its exit.

import { afterPause, byId, perFrame } from "./dom.js";
import { levelOf } from "./graph_pane.js";
import { minute } from "./clock.js";
import { valueAt } from "./trace_store.js";

const REPAINT = "repaint"; // the last one can be read from the browser's performance timeline
const PAUSE = 180; // ms without movement before reasons are asked for

/** Holds what is looked at and keeps every part in step with it. */
export class Workbench {
  /** @param {any} parts clock, trace, trades, get, graph, list, chart, scrubber, reasons, table, signals, symbol, write */
  constructor(parts) {
    Object.assign(this, parts);
    this.row = 0; // the selected bar
    this.under = 0; // the bar whose values are shown: the selected one, or the one under the pointer
    this.trade = null;
    this.node = null;
    this.paint = perFrame(() => this._paint());
    this.ask = afterPause(PAUSE, () => this._reasons());
    this.asked = 0;
    this.sought = 0;
  }

  /** Selects a bar. */
  select(row, { ask = true } = {}) {
    this.row = this.under = this.clock.clamp(row);
    if (this.trade && !this._during(this.trade, this.row)) this._leaveTrade();
    this.chart.cursor(this.clock.time(this.row));
    this.paint();
    if (ask && !this.trade) this.ask();
    this.remember();
  }

  /** A click on a bar: its trade, or why there is none. */
  click(row) {
    if (this.trade && row !== this.decisionRow(this.trade)) this._leaveTrade();
    this.select(row);
  }

  /** Shows the values of a bar while the pointer is over it; null = the pointer is gone. */
  peek(row) {
    this.under = row === null ? this.row : this.clock.clamp(row);
    this.paint();
  }

  /** Opens a trade: the cursor goes to its decision, only its slice stays lit. */
  async open(number) {
    const trade = this.trades.numbered(number);
    if (!trade) return;
    this.trade = trade;
    const ticket = ++this.asked;
    this.select(this.decisionRow(trade), { ask: false });
    this.chart.levels(trade);
    this.table.mark(number);
    this.reasons.waiting(`Trade ${number}: ${trade.side} ${trade.symbol}`);
    await this._answer(ticket, this.trades.slice(number), (slice) => {
      this._light(new Set(slice.nodes));
      this.graph.show(new Set(slice.nodes));
      this.reasons.trade(trade, slice);
    });
  }

  /** Closes the open trade; its bar stays selected. */
  closeTrade() {
    if (!this.trade) return;
    const { number } = this.trade;
    this._leaveTrade();
    this.reasons.say(`Bar ${minute(this.clock.time(this.row))} UTC`, `Trade ${number} is closed; click its bar or its row to open it again.`);
    this.remember();
  }

  /** Goes one bar, trade or signal on (+1) or back (-1). */
  async step(what, step) {
    if (what === "bar") this.select(this.row + step);
    if (what === "trade") this._stepTrade(step);
    if (what === "signal") await this._stepSignal(step);
  }

  /** A click on a node: its series come to the candles, a second click takes them away. */
  toggle(node) {
    this.focusNode(node);
    this.chart.toggle(node);
    this.coloured();
    this.card.show(node);
    this.card.setValues(this.values);
  }

  /** Colours nodes and rows as the chart colours their series. */
  coloured() {
    this.graph.colour(this.chart.colours);
    this.list.colour(this.chart.colours);
    this.remember();
  }

  /** Marks a node without changing the chart. */
  focusNode(node) {
    this.node = node;
    this.graph.select(node);
    this.card.show(node);
    this.card.setValues(this.values);
  }

  /** A click on a condition: its node lights up, in the level where it stands. */
  async point(node) {
    await this.graph.open(levelOf(node));
    this.focusNode(node);
    if (!this.trade) this._light(new Set([node]));
  }

  /** The bar at whose close a trade was decided. */
  decisionRow(trade) {
    return this.clock.rowAt(trade.decision_time - 1);
  }

  /** Shows a place again: a shared link, or the same page loaded anew. @param {import("./place.js").Place} place */
  async restore({ bar, trade, nodes, level }) {
    if (level) await this._answer(this.asked, this.graph.open(level), () => {});
    for (const node of nodes) if (!this.chart.shown.has(node)) this.chart.toggle(node);
    this.coloured();
    const first = this.trades.of(this.symbol)[0];
    const start = bar ?? (first ? first.decision_time - 1 : this.clock.time(this.clock.rows - 1));
    if (trade !== undefined) await this.open(trade);
    if (trade === undefined || bar !== undefined) this.select(this.clock.rowAt(start));
  }

  /** Writes the address of what is looked at. */
  remember() {
    this.write({
      bar: this.clock.time(this.row), trade: this.trade?.number, nodes: this.chart.nodes, level: this.graph.level,
      list: this.view.chosen,
    });
  }

  async _reasons() {
    const ticket = ++this.asked, time = this.clock.time(this.row);
    const made = this._madeAt(this.row);
    if (made) {
      this.open(made.number);
      return;
    }
    this.reasons.waiting(`Bar ${minute(time)} UTC`);
    await this._answer(ticket, this.why(this.row), (why) => {
      if (why.trade) this.open(why.trade);
      else this.reasons.bar(time, why);
    });
  }

  async _answer(ticket, asked, show) {
    try {
      const answer = await asked;
      if (ticket === this.asked) show(answer);
    } catch (error) {
      if (ticket === this.asked) this.reasons.failed(error.message);
    }
  }

  _light(nodes) {
    this.graph.light(nodes);
    this.list.light(nodes);
    byId("whole").hidden = nodes === null;
  }

  /** Lights the whole graph again. */
  whole() {
    this._light(null);
    this.graph.show(null);
  }

  _leaveTrade() {
    this.trade = null;
    this.asked += 1; // an answer on its way belongs to the trade that was left
    this.whole();
    this.chart.levels(null);
    this.table.mark(null);
  }

  /** The trade that was decided at a bar, or else entered in it. */
  _madeAt(row) {
    const own = this.trades.of(this.symbol);
    return own.find((trade) => this.decisionRow(trade) === row)
      ?? own.find((trade) => this.clock.rowAt(trade.entry_time) === row);
  }

  _during(trade, row) {
    return row >= this.decisionRow(trade) && row <= this.clock.rowAt(trade.exit_time);
  }

  _stepTrade(step) {
    const own = this.trades.of(this.symbol);
    const rows = own.map((trade) => this.decisionRow(trade));
    let place = this.trade ? own.indexOf(this.trade) + step : -1;
    if (!this.trade) place = step > 0 ? rows.findIndex((row) => row > this.row) : rows.findLastIndex((row) => row < this.row);
    if (own[place]) this.open(own[place].number);
    else this.reasons.say("No more trades", `There is no trade ${step > 0 ? "after" : "before"} this bar.`);
  }

  async _stepSignal(step) {
    const ticket = ++this.sought;
    this.reasons.waiting("Looking for the next signal …");
    const said = (chunk, offset) => this.signals.some((wire) => chunk.wires[wire] && speaks(chunk.wires[wire], offset));
    try {
      const row = await this.trace.find(this.row, step, said, () => ticket !== this.sought);
      if (row !== null) this.select(row);
      else if (ticket === this.sought) this.reasons.say("No more signals", `There is no signal ${step > 0 ? "after" : "before"} this bar.`);
    } catch (error) {
      this.reasons.failed(error.message);
    }
  }

  _paint() {
    const row = this.under, began = performance.now();
    this.values = this.trace.at(row);
    this.scrubber.show(row, row !== this.row);
    this.graph.setValues(this.values);
    if (this.view.list) this.list.setValues(this.values);
    this.card.setValues(this.values);
    performance.clearMeasures(REPAINT);
    performance.measure(REPAINT, { start: began });
    this.chart.near(row);
    if (this.values) document.documentElement.dataset.painted = String(row);
    if (this.values === null) this._fetch(row);
    else this.trace.around(row).catch(() => {}); // what is ahead is asked for again once it is needed
  }

  async _fetch(row) {
    try {
      await this.trace.around(row);
      if (row === this.under) this.paint();
    } catch (error) {
      this.reasons.failed(error.message);
    }
  }
}

/** Whether a signal wire calls for an entry at an offset. */
function speaks(column, offset) {
  const value = valueAt(column, offset);
  return typeof value === "string" ? /^(long|short)/.test(value) : value === 1 || value === -1;
}
