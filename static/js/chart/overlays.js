// The overlay series of a candle chart, kept in step with the bars that are in it.

import { HoledLine, onBars, valueAt } from "./overlay_series.js";
import { resolved } from "./palette.js";
import { brief } from "./words.js";

const MAIN_SHARE = 4; // height of the candles to that of another pane
const SHAPED = { type: "custom", formatter: brief, minMove: 1e-8 };

/** @typedef {{id: string, title: string, colour: string, points: {time: number, value: number | null}[], pane?: number}} Series */

export class OverlayLines {
  /** @param {any} chart of the library @param {import("./bar_window.js").BarWindow} bars */
  constructor(chart, bars) {
    this.chart = chart;
    this.bars = bars;
    /** @type {Map<string, {series: any, wanted: Series, pane: number}>} */
    this.lines = new Map();
  }

  /** @param {Series[]} list */
  set(list) {
    const panes = [...new Set(list.map(({ pane = 0 }) => pane).filter((pane) => pane > 0))].sort((a, b) => a - b);
    const placed = list.map((wanted) => ({ wanted, pane: wanted.pane ? panes.indexOf(wanted.pane) + 1 : 0 }));
    const isSame = placed.length === this.lines.size
      && placed.every(({ wanted, pane }) => this.lines.get(wanted.id)?.pane === pane);
    if (!isSame) this._build(placed);
    for (const { wanted } of placed) {
      const line = this.lines.get(wanted.id);
      line.wanted = wanted;
      line.series.applyOptions({ color: resolved(wanted.colour) });
    }
    this.refill();
  }

  /** Gives every line the points of the bars that are in the chart now. */
  refill() {
    for (const { series, wanted } of this.lines.values()) series.setData(onBars(wanted.points, this.bars.time));
  }

  /** Colours anew after a change of the theme. */
  recolour() {
    for (const { series, wanted } of this.lines.values()) series.applyOptions({ color: resolved(wanted.colour) });
  }

  /** What the lines say at an instant. */
  at(time) {
    return [...this.lines.values()].map(({ wanted }) => ({
      title: wanted.title, colour: resolved(wanted.colour), value: valueAt(wanted.points, time),
    }));
  }

  _build(placed) {
    for (const { series } of this.lines.values()) this.chart.removeSeries(series);
    this.lines.clear();
    for (const { wanted, pane } of placed.toSorted((a, b) => a.pane - b.pane)) {
      const options = { lastValueVisible: false, priceLineVisible: false };
      if (pane) options.priceFormat = SHAPED;
      this.lines.set(wanted.id, { series: this.chart.addCustomSeries(new HoledLine(), options, pane), wanted, pane });
    }
    this.chart.panes().forEach((pane, at) => pane.setStretchFactor(at ? 1 : MAIN_SHARE));
  }
}
