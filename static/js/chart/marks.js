// Marks of trades and the levels of one trade, drawn on the candles as a primitive of the chart library.

import { colourOf, drawShape } from "./shapes.js";

const MOST_TEXTS = 30; // marks in view at which their texts still can be read
const ROOMY = 5; // pixels per bar at which there is room for texts
const APART = 4; // pixels between a bar and its signal

/**
 * @typedef {{time: number, kind: string, price: number | null, side: string, text: string, trade?: number}} Mark
 * @typedef {{entry?: number | null, stop?: number | null, target?: number | null}} Levels
 */

export class Marks {
  /** @param {import("./bar_window.js").BarWindow} bars */
  constructor(bars) {
    this.bars = bars;
    /** @type {Mark[]} */
    this.marks = [];
    this.levels = null;
    this.seen = [];
    this.colours = {};
  }

  /** @param {Mark[]} marks */
  set(marks) {
    this.marks = marks.toSorted((a, b) => a.time - b.time);
    this.requestUpdate?.();
  }

  /** @param {Levels | null} levels @param {number} from @param {number} to instants in ms */
  show(levels, from, to) {
    this.levels = levels && { ...levels, from, to };
    this.requestUpdate?.();
  }

  recolour(colours) {
    this.colours = colours;
    this.requestUpdate?.();
  }

  /** Called by the chart library. */
  attached({ chart, series, requestUpdate }) {
    Object.assign(this, { chart, series, requestUpdate });
  }

  /** Called by the chart library. */
  paneViews() {
    const view = (zOrder, draw) => ({
      zOrder: () => zOrder,
      renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace((scope) => draw(scope.context, scope.mediaSize)) }),
    });
    return [
      view("bottom", (context, size) => this._drawLevels(context, size)),
      view("top", (context, size) => this._drawMarks(context, size)),
    ];
  }

  /** Called by the chart library: keeps the levels that are shown inside the pane. */
  autoscaleInfo(from, to) {
    if (!this.levels || !this.bars.time.length) return null;
    const at = (logical) => this.bars.time[Math.max(0, Math.min(this.bars.time.length - 1, Math.round(logical)))];
    if (this.levels.from > at(to) || this.levels.to < at(from)) return null;
    const prices = [this.levels.entry, this.levels.stop, this.levels.target].filter((price) => price != null);
    return prices.length ? { priceRange: { minValue: Math.min(...prices), maxValue: Math.max(...prices) } } : null;
  }

  /** Where an instant stands; those outside of the chart's bars are left or right of what is seen. */
  _x(time, width) {
    const { bars } = this;
    if (!bars.time.length) return null;
    if (time < bars.time[0]) return -width;
    if (!bars.covers(time)) return 2 * width;
    return this.chart.timeScale().logicalToCoordinate(bars.rowBefore(time) - bars.first);
  }

  _drawMarks(context, { width, height }) {
    const spacing = this.chart.timeScale().options().barSpacing;
    this.seen = this.marks.flatMap((mark) => this._placed(mark, width, height));
    const isRoomy = spacing >= ROOMY && this.seen.length <= MOST_TEXTS;
    context.lineWidth = 2;
    context.font = "11px system-ui, sans-serif";
    context.textAlign = "center";
    for (const one of this.seen) {
      context.save();
      context.strokeStyle = this.colours.back; // a rim keeps marks apart from the candles under them
      context.lineWidth = 5;
      context.fillStyle = this.colours.back;
      drawShape(context, one.mark.kind, one.x, one.y, one.isShort);
      context.restore();
      context.fillStyle = context.strokeStyle = this.colours[colourOf(one.mark.kind)];
      drawShape(context, one.mark.kind, one.x, one.y, one.isShort);
      if (isRoomy && one.mark.text) this._text(context, one);
    }
  }

  _placed(mark, width, height) {
    const x = this._x(mark.time, width);
    if (x === null || x < 0 || x > width) return [];
    const isShort = mark.side === "short", y = this._y(mark, isShort);
    return y === null || y < -20 || y > height + 20 ? [] : [{ mark, x, y, isShort }];
  }

  _y(mark, isShort) {
    if (mark.kind !== "signal") return mark.price === null ? null : this.series.priceToCoordinate(mark.price);
    const at = this.bars.rowBefore(mark.time) - this.bars.first;
    const y = this.series.priceToCoordinate(isShort ? this.bars.high[at] : this.bars.low[at]);
    return y === null ? null : y + (isShort ? -APART : APART);
  }

  _text(context, { mark, x, y, isShort }) {
    const below = mark.kind === "entry" ? !isShort : mark.kind === "exit" ? isShort : null;
    const place = below === null ? y - 6 : below ? y + 22 : y - 14;
    context.lineWidth = 3;
    context.strokeStyle = this.colours.back;
    context.strokeText(mark.text, x, place);
    context.fillText(mark.text, x, place);
    context.lineWidth = 2;
  }

  _drawLevels(context, { width }) {
    if (!this.levels) return;
    const { from, to, entry, stop, target } = this.levels;
    const left = this._x(from, width), right = this._x(to, width);
    if (left === null || right === null || right < 0 || left > width) return;
    const wide = Math.max(right - left, 12), y = (price) => (price == null ? null : this.series.priceToCoordinate(price));
    const middle = y(entry);
    for (const [price, kind, dash] of [[target, "target", [6, 3]], [stop, "stop", [2, 3]], [entry, "entry", []]]) {
      const height = y(price);
      if (height === null) continue;
      context.fillStyle = context.strokeStyle = this.colours[colourOf(kind)];
      if (middle !== null && kind !== "entry") {
        context.globalAlpha = 0.1;
        context.fillRect(left, Math.min(middle, height), wide, Math.abs(middle - height));
        context.globalAlpha = 1;
      }
      context.lineWidth = 1.5;
      context.setLineDash(dash);
      context.beginPath();
      context.moveTo(left, height);
      context.lineTo(left + wide, height);
      context.stroke();
      context.setLineDash([]);
      context.font = "11px system-ui, sans-serif";
      context.textAlign = "right";
      context.fillText(kind, Math.min(width - 4, left + wide - 4), height - 4);
    }
  }
}
