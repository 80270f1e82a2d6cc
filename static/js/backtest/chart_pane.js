// The candles: marks of trades, levels of the open one, and the series of the nodes that were clicked.

import { createCandleChart } from "../chart/candle_chart.js";
import { byId, make, perFrame } from "./dom.js";
import { layersOf } from "./layers.js";
import { marksOf, nearest } from "./marks.js";

const COLOURS = 8;

/** What stands on the chart, by node. */
export class ChartPane {
  /**
   * @param {{clock: any, trace: any, nodes: Record<string, any>, wiresOf: (node: string) => any[],
   *   load: (from: number, to: number) => Promise<any>, onPeek: (row: number | null) => void,
   *   onSelect: (row: number) => void, onRemove: (node: string) => void}} options
   */
  constructor(options) {
    Object.assign(this, options);
    this.host = byId("chart");
    this.chips = byId("chips");
    /** @type {Map<string, number>} node -> number of its colour */
    this.shown = new Map();
    this.range = [Infinity, -Infinity]; // of the prices loaded
    this.drawn = "";
    this.trades = [];
    this.byKeys = false;
    this.host.addEventListener("keydown", () => { this.byKeys = true; }, true);
    this.host.addEventListener("pointermove", () => { this.byKeys = false; }, true);
    this.host.addEventListener("pointerleave", () => this.onPeek(null));
    this.chart = createCandleChart(this.host, {
      source: { bars: this.clock.rows, barMs: this.clock.barMs, load: (from, to) => this._load(from, to) },
      onBar: ({ row }) => (this.byKeys ? this.onSelect(row) : this.onPeek(row)),
      onClick: ({ row }) => this.onSelect(row),
    });
    this.redraw = perFrame(() => this._redraw());
    const themed = new MutationObserver(() => this._again());
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this._again());
  }

  /** Nodes whose series are shown. */
  get nodes_() {
    return [...this.shown.keys()];
  }
}
