// Price areas as boxes, levels of signals as dashes, flags and directions as shaded bars, drawn below the candles.
//
// A direction is told by place as well as colour: up is a block above the middle of its strip, down one below it.

const STRIP = 10; // pixels of a layer's strip at the bottom of the pane
const FAINT = 0.1, CLEAR = 0.75; // opacity of fillings and of what has to be seen

/** @typedef {{colour: string, kind: "shade"|"areas"|"ticks", points: any[]}} Drawn times are in ms UTC */

/** Draws layers below the candles. */
export class Overlays {
  constructor() {
    /** @type {Drawn[]} */
    this.layers = [];
  }

  /** @param {Drawn[]} layers */
  set(layers) {
    this.layers = layers;
    this.update?.();
  }

  /** Called by the chart library. */
  attached({ chart, requestUpdate }) {
    this.chart = chart;
    this.update = requestUpdate;
  }

  /** Draws on a series and in its prices. */
  attachTo(series) {
    this.series = series;
    series.attachPrimitive(this);
  }

  /** Called by the chart library. */
  paneViews() {
    return [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => target.useMediaCoordinateSpace((scope) => this._draw(scope)) }) }];
  }

  _draw({ context, mediaSize: { width, height } }) {
    const scale = this.chart.timeScale(), seen = scale.getVisibleRange();
    if (!seen) return;
    const half = Math.max(1, scale.options().barSpacing) / 2;
    const x = (time) => {
      const at = time / 1000, place = scale.timeToCoordinate(at);
      return place ?? (at <= seen.from ? -half : width + half);
    };
    const view = { context, width, height, x, half, from: seen.from * 1000, to: seen.to * 1000 };
    let strip = 0;
    for (const layer of this.layers) {
      context.fillStyle = context.strokeStyle = layer.colour;
      if (layer.kind === "areas") this._areas(view, layer.points);
      else if (layer.kind === "ticks") this._ticks(view, layer.points);
      else this._shades(view, layer.points, height - STRIP * ++strip);
    }
    context.globalAlpha = 1;
  }

  _areas({ context, x, half, from, to }, boxes) {
    for (const box of boxes) {
      if (box.to < from || box.from > to) continue;
      const left = x(box.from) - half, right = x(box.to) - half;
      const top = this.series.priceToCoordinate(box.high), bottom = this.series.priceToCoordinate(box.low);
      if (top === null || bottom === null) continue;
      const high = Math.max(1, bottom - top);
      context.globalAlpha = FAINT;
      context.fillRect(left, top, right - left, high);
      context.globalAlpha = CLEAR;
      context.lineWidth = 1;
      context.strokeRect(left + 0.5, top + 0.5, right - left - 1, high - 1);
    }
  }

  _ticks({ context, x, half, from, to }, points) {
    context.globalAlpha = 1;
    for (const { time, value } of points) {
      if (time < from || time > to) continue;
      const y = this.series.priceToCoordinate(value);
      if (y !== null) context.fillRect(x(time) - half, y - 1, 6 * half, 2);
    }
  }

  _shades({ context, height, x, half, from, to }, points, top) {
    for (let at = firstFrom(points, from); at < points.length && points[at].time <= to; at += 1) {
      const { time, value } = points[at], left = x(time) - half, wide = Math.max(1, 2 * half);
      context.globalAlpha = FAINT;
      context.fillRect(left, 0, wide, height);
      context.globalAlpha = CLEAR;
      const middle = STRIP / 2;
      context.fillRect(left, value > 0 ? top : top + middle, Math.max(1, wide - 0.5), middle - 1);
    }
  }
}

/** Index of the first point at or after an instant. */
function firstFrom(points, time) {
  let low = 0, high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle].time < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
