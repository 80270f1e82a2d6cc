// The candles: marks of trades, levels of the open one, and the series of the nodes that were clicked.

import { createCandleChart } from "../chart/candle_chart.js";
import { byId, make, perFrame } from "./dom.js";
import { layersOf } from "./layers.js";
import { marksOf, nearest } from "./marks.js";
import { Overlays } from "./overlays.js";

const COLOURS = 8;
const CLOSE = 11; // pixels from a mark within which it is meant

/** What stands on the chart, by node. */
export class ChartPane {
  /**
   * @param {{clock: any, trace: any, titles: Record<string, any>, wiresOf: (node: string) => any[],
   *   load: (from: number, to: number) => Promise<any>, onPeek: (row: number | null) => void,
   *   onSelect: (row: number) => void, onClick: (row: number) => void,
   *   onTrade: (number: number) => void, onRemove: (node: string) => void}} options
   */
  constructor(options) {
    Object.assign(this, options);
    this.host = byId("chart");
    this.chips = byId("chips");
    /** @type {Map<string, number>} node -> number of its colour */
    this.shown = new Map();
    this.range = [Infinity, -Infinity]; // of the prices loaded
    this.loaded = ""; // chunks that the series on the chart were made of
    this.trades = [];
    this.marked = null; // first trade that has marks
    this.by = ""; // what moves the cursor: "keys", "pointer", or nothing after the pointer has left
    this.host.addEventListener("keydown", () => { this.by = "keys"; }, true);
    for (const name of ["pointerover", "pointermove"]) {
      this.host.addEventListener(name, () => { this.by = "pointer"; }, true);
    }
    this.host.addEventListener("pointerdown", ({ clientX, clientY }) => { this.pressed = { clientX, clientY }; }, true);
    this.host.addEventListener("pointerleave", () => {
      this.by = "";
      this.onPeek(null);
    });
    this.chart = createCandleChart(this.host, {
      label: "Candles of the run",
      source: { bars: this.clock.rows, barMs: this.clock.barMs, load: (from, to) => this._load(from, to) },
      onBar: ({ row }) => {
        if (this.by === "keys") this.onSelect(row);
        else if (this.by === "pointer") this.onPeek(row);
      },
      onClick: ({ row }) => {
        const trade = this._markUnder();
        if (trade) this.onTrade(trade);
        else this.onClick(row);
      },
    });
    this.overlays = new Overlays();
    this.overlays.attachTo(this.chart.candles);
    this.redraw = perFrame(() => this._redraw());
    const again = () => { this.loaded = ""; this.redraw(); };
    new MutationObserver(again).observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  }

  /** Nodes whose series are shown. */
  get nodes() {
    return [...this.shown.keys()];
  }

  /** Colours by node. */
  get colours() {
    const style = getComputedStyle(document.documentElement);
    return new Map([...this.shown].map(([node, at]) => [node, style.getPropertyValue(`--s${at + 1}`).trim()]));
  }

  /** Puts a node's series on the chart, or takes them away. */
  toggle(node) {
    if (!this.shown.delete(node) && this.wiresOf(node).length) {
      const taken = new Set(this.shown.values());
      const free = [...Array(COLOURS).keys()].find((at) => !taken.has(at));
      if (free === undefined) this.shown.delete(this.shown.keys().next().value); // the oldest makes room
      this.shown.set(node, free ?? [...Array(COLOURS).keys()].find((at) => ![...this.shown.values()].includes(at)));
    }
    this.loaded = "";
    this.redraw();
  }

  /** Trades of this market, in the order of their decisions. */
  setTrades(trades) {
    this.trades = trades;
    this.marked = null;
  }

  /** The cursor of the workbench: in view, and marked once the chart has drawn that view. */
  async cursor(time) {
    this.at = time;
    this.chart.setCursor(time); // where keys go on from
    await this.chart.goTo(time);
    requestAnimationFrame(() => { if (this.at === time) this.chart.setCursor(time); });
  }

  /** Levels of a trade from its entry to its exit, null = none. */
  levels(trade) {
    if (!trade) this.chart.showLevels(null);
    else {
      const { entry_price: entry, stop, target } = trade;
      this.chart.showLevels({ entry, stop, target }, trade.decision_time - this.clock.barMs, trade.exit_time);
    }
  }

  /** Keeps marks and series around a row. */
  near(row) {
    const some = nearest(this.trades, this.clock.time(row));
    if (some.length && some[0] !== this.marked) {
      this.marked = some[0];
      this.chart.setMarks(marksOf(some, this.clock));
    }
    this.redraw();
  }

  /** The trade whose mark was pressed. */
  _markUnder() {
    const { left, top } = this.host.querySelector(".candles-place").getBoundingClientRect();
    const x = this.pressed.clientX - left, y = this.pressed.clientY - top;
    return this.chart.state.marks.find((mark) => Math.hypot(mark.x - x, mark.y - y) < CLOSE)?.trade;
  }

  async _load(from, to) {
    const columns = await this.load(from, to);
    for (const high of columns.high) if (high > this.range[1]) this.range[1] = high;
    for (const low of columns.low) if (low < this.range[0]) this.range[0] = low;
    this.loaded = "";
    this.redraw();
    return columns;
  }

  _redraw() {
    const chunks = this.trace.loaded, loaded = chunks.map((chunk) => chunk.first).join();
    if (loaded === this.loaded) return;
    this.loaded = loaded;
    const colours = this.colours;
    const layers = this.nodes.flatMap((node) => this._layers(node, colours.get(node), chunks));
    this.chart.setSeries(paned(layers.filter(({ kind }) => kind === "line")));
    this.overlays.set(layers.filter(({ kind }) => kind !== "line"));
    this.chips.replaceChildren(...this.nodes.map((node) => this._chip(node, colours.get(node))));
  }

  _layers(node, colour, chunks) {
    const name = this.titles[node]?.title ?? node, wires = this.wiresOf(node);
    return wires.flatMap((wire) => {
      const title = wires.length > 1 ? `${name} ${wire.label ?? wire.port}` : name;
      return layersOf(wire, title, chunks, this.clock, this.range).map((layer) => ({ ...layer, node, colour }));
    });
  }

  _chip(node, colour) {
    const name = this.titles[node]?.title ?? node;
    const remove = make("button", { type: "button", "aria-label": `Take ${name} off the candles`, text: "×",
      click: () => this.onRemove(node) });
    const chip = make("li", { class: "chip", "data-node": node }, name, remove);
    chip.style.setProperty("--colour", colour);
    return chip;
  }
}

/** Lines that are no prices share a pane per node below the candles. */
function paned(lines) {
  const panes = new Map();
  return lines.map((line) => {
    if (!line.own) return { ...line, pane: 0 };
    if (!panes.has(line.node)) panes.set(line.node, panes.size + 1);
    return { ...line, pane: panes.get(line.node) };
  });
}
