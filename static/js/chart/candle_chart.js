// The candle chart of every page: bars on demand, marks and levels of trades, series of nodes, keys, words.
//
// Instants are ms UTC here and in all that pages hand over; the library's seconds appear only where it is spoken to.

import { BarWindow } from "./bar_window.js";
import { Frame } from "./frame.js";
import { keyed } from "./keys.js";
import { fill, makeChart, paint, setDecimals } from "./library.js";
import { Marks } from "./marks.js";
import { OverlayLines } from "./overlays.js";
import { onTheme, palette } from "./palette.js";
import { decimalsOf } from "./words.js";

const SHOWN = 160; // bars in view at first
const EDGE = 0.08; // share of the view that is no comfortable place for the cursor
const LEAST = 20, MOST = 4000; // bars in view
const AHEAD = 600; // rows loaded on either side of what is seen

class CandleChart {
  /**
   * @param {HTMLElement} host
   * @param {{source: import("./bar_window.js").Source, marks?: import("./marks.js").Mark[], height?: number,
   *   label?: string, onBar?: (bar: {row: number, time: number}) => void,
   *   onClick?: (bar: {row: number, time: number}) => void}} options
   */
  constructor(host, { source, marks = [], height, label = "Candles", onBar = () => {}, onClick = () => {} }) {
    Object.assign(this, { source, onBar, onClick, cursor: null, wanted: 0, fills: 0, aim: null, held: false, decimals: null, gone: false });
    this.frame = new Frame(host, { label, height });
    this.bars = new BarWindow(source);
    this.parts = makeChart(this.frame.place);
    this.scale = this.parts.chart.timeScale();
    /** The library's candle series: pages may attach their own primitives. */
    this.candles = this.parts.candles;
    this.overlays = new OverlayLines(this.parts.chart, this.bars);
    this.marks = new Marks(this.bars);
    this.candles.attachPrimitive(this.marks);
    this.marks.set(marks);
    this._paint();
    this._listen();
    this._begin();
  }

  /** @param {import("./marks.js").Mark[]} marks */
  setMarks(marks) {
    this.marks.set(marks);
  }

  /** @param {import("./overlays.js").Series[]} list */
  setSeries(list) {
    this.overlays.set(list);
    if (this.cursor !== null) this._tell(this.cursor);
  }

  /** Levels of a trade from one instant to another; null takes them away. */
  showLevels(levels, from = 0, to = 0) {
    this.marks.show(levels, from, to);
  }

  /** Brings the bar of an instant into view; a bar in comfortable view stays where it is. */
  goTo(time) {
    const wanted = ++this.wanted;
    return this._at(time, (row) => { if (wanted === this.wanted) return this._bring(row); });
  }

  /** Puts the crosshair on the bar of an instant. */
  setCursor(time) {
    const wanted = this.cursorWanted = (this.cursorWanted ?? 0) + 1;
    return this._at(time, (row) => { if (wanted === this.cursorWanted) this._point(row); });
  }

  /** What the chart shows, for tests and for pages that keep their place. */
  get state() {
    return {
      first: this.bars.first, last: this.bars.last, cursor: this.cursor, bars: this.candles.data().length, visible: this.view,
      marks: this.marks.seen.map(({ mark, x, y }) => ({ kind: mark.kind, trade: mark.trade, x, y })),
      levels: this.marks.levels, panes: this.parts.chart.panes().length,
      series: [...this.overlays.lines].map(([id, { series, pane }]) => ({ id, pane, colour: series.options().color, points: series.data().length })),
    };
  }

  /** The rows in view, with fractions; null before there are bars. */
  get view() {
    const range = this.bars.time.length ? this.aim ?? this.scale.getVisibleLogicalRange() : null;
    return range && { from: range.from + this.bars.first, to: range.to + this.bars.first };
  }

  destroy() {
    this.gone = true;
    this.unlisten();
    this.parts.chart.remove();
    this.frame.close();
  }

  async _begin() {
    if (!this.source.bars) return this.frame.say("There are no bars.");
    const wanted = this.wanted, { bars } = this.source;
    await this._do(async () => {
      const blocks = await this.bars.around(bars - SHOWN, bars, AHEAD);
      if (wanted !== this.wanted || this.gone) return;
      this._fill(blocks);
      this._see(bars - SHOWN, bars + 4);
      if (this.cursor === null) this._tell(bars - 1);
    });
  }

  _listen() {
    const { chart } = this.parts, { canvas } = this.frame;
    this.scale.subscribeVisibleLogicalRangeChange(() => { this.aim = null; this._extend(); });
    chart.subscribeCrosshairMove((event) => this._moved(event));
    chart.subscribeClick((event) => this._clicked(event));
    const ended = new AbortController(), signal = ended.signal;
    canvas.addEventListener("keydown", (event) => keyed(this, event), { signal });
    canvas.addEventListener("pointerdown", () => { this.held = true; }, { signal, capture: true });
    for (const name of ["pointerup", "pointercancel"]) {
      window.addEventListener(name, () => { this.held = false; this._extend(); }, { signal });
    }
    const offTheme = onTheme(() => this._paint());
    this.unlisten = () => { ended.abort(); offTheme(); };
  }

  _paint() {
    const colours = palette();
    paint(this.parts, colours);
    this.marks.recolour(colours);
    this.overlays.recolour();
    if (this.bars.time.length) fill(this.parts, this.bars, colours);
  }

  /** Moves the cursor by bars, or to a row, as keys do. */
  async step(row) {
    const to = Math.max(0, Math.min(this.source.bars - 1, row)), wanted = ++this.wanted;
    this.cursorWanted = (this.cursorWanted ?? 0) + 1;
    await this._do(async () => {
      await this._bring(to);
      if (wanted !== this.wanted) return;
      this._point(to);
      this.frame.speak(this._bar(to), this.decimals);
      this.onBar({ row: to, time: this._bar(to).time });
    });
  }

  /** Shows fewer (below 1) or more bars around the cursor or the middle. */
  zoom(factor) {
    const visible = this.view;
    if (!visible) return;
    const span = visible.to - visible.from, wide = Math.max(LEAST, Math.min(MOST, span * factor));
    const isSeen = this.cursor !== null && this.cursor > visible.from && this.cursor < visible.to;
    const middle = isSeen ? this.cursor : (visible.from + visible.to) / 2, share = (middle - visible.from) / span;
    this._see(middle - share * wide, middle + (1 - share) * wide);
  }

  /** Does something with the row of an instant: at once where its bar is in the chart. */
  _at(time, act) {
    if (this.bars.covers(time)) return act(this.bars.rowBefore(time));
    return this._do(async () => act(await this.bars.find(time)));
  }

  /** Brings a row into view. */
  async _bring(row) {
    const range = this.view, span = range ? range.to - range.from : SHOWN, inner = span * EDGE, { wanted } = this;
    if (range && this.bars.holds(row) && row >= range.from + inner && row <= range.to - inner) return;
    // A step over the edge moves the view by half of it, a jump puts the bar in the middle.
    const isNear = range && row > range.from - span / 2 && row < range.to + span / 2;
    const from = isNear ? range.from + Math.sign(row - (range.from + range.to) / 2) * (span / 2) : row - span / 2;
    if (!this.bars.holds(row)) await this._load(row - span, row + span);
    if (wanted !== this.wanted || this.gone) return; // somebody has gone elsewhere meanwhile
    this._see(from, from + span);
  }

  async _load(from, to) {
    const blocks = await this.bars.around(Math.floor(from), Math.ceil(to), AHEAD);
    if (!this.gone) this._fill(blocks);
  }

  /**
   * Bars on both sides of what is seen, before they are needed.  Not while a hand drags, for the library remembers
   * where the drag began: a drag is no longer than the view, and at least as much is ahead.
   */
  async _extend() {
    const visible = this.view;
    if (!visible || this.extending || this.held || this.gone) return;
    const from = Math.floor(visible.from), to = Math.ceil(visible.to), margin = AHEAD + (to - from);
    if (!this.bars.lacks(from, to, margin)) return;
    const { fills } = this;
    this.extending = true;
    const isDone = await this._do(async () => {
      const blocks = await this.bars.around(from, to, margin);
      if (!this.gone && !this.held && fills === this.fills) this._fill(blocks);
    });
    this.extending = false;
    if (isDone) this._extend(); // the view may have moved on
  }

  _fill([lowest, highest]) {
    this.fills += 1;
    const before = this.aim ?? this.scale.getVisibleLogicalRange(), had = this.bars.time.length > 0;
    const moved = this.bars.show(lowest, highest);
    if (this.decimals === null) {
      this.decimals = decimalsOf(this.bars.close);
      setDecimals(this.parts, this.decimals);
    }
    fill(this.parts, this.bars, palette());
    this.overlays.refill();
    if (had && before) this._aim(before.from - moved, before.to - moved);
    if (!had) this.frame.say("");
    this.frame.host.dataset.ready = "";
    if (this.cursor !== null) this._point(this.cursor);
  }

  _see(from, to) {
    this._aim(from - this.bars.first, to - this.bars.first);
  }

  /** The library takes a range over with the next frame; until then this is what is in view. */
  _aim(from, to) {
    this.scale.setVisibleLogicalRange({ from, to });
    this.aim = { from, to };
  }

  _point(row) {
    this.cursor = row;
    if (!this.bars.holds(row)) return;
    const bar = this._bar(row);
    this.parts.chart.setCrosshairPosition(bar.close, bar.time / 1000, this.candles);
    this._tell(row);
  }

  _moved({ sourceEvent, logical, point }) {
    if (sourceEvent && point && logical !== undefined) {
      const row = this._near(logical);
      if (row === null) return;
      this._tell(row);
      this.onBar({ row, time: this._bar(row).time });
    } else if (!point && this.cursor !== null && !this.restoring) {
      this.restoring = true; // the pointer has left: the crosshair goes back to the cursor
      this._point(this.cursor);
      this.restoring = false;
    }
  }

  _clicked({ logical, point }) {
    if (!point || logical === undefined) return;
    const row = this._near(logical);
    if (row === null) return;
    this._point(row);
    this.onClick({ row, time: this._bar(row).time });
  }

  /** The row of a place in the chart, null where there are no bars. */
  _near(logical) {
    const row = this.bars.first + Math.round(logical);
    return this.bars.holds(row) ? row : null;
  }

  _bar(row) {
    const at = row - this.bars.first, { time, open, high, low, close, volume } = this.bars;
    return { time: time[at], open: open[at], high: high[at], low: low[at], close: close[at], volume: volume[at] };
  }

  _tell(row) {
    if (!this.bars.holds(row)) return;
    const bar = this._bar(row);
    this.frame.tell(bar, this.decimals, this.overlays.at(bar.time));
  }

  /** Runs something that asks the source for bars; a refusal is told in the chart. */
  async _do(action) {
    try {
      await action();
      return true;
    } catch (error) {
      if (!this.gone) this.frame.say(`The bars could not be loaded: ${error.message}`);
      return false;
    }
  }
}

/** Makes a candle chart inside an element. */
export function createCandleChart(element, options) {
  return new CandleChart(element, options);
}
