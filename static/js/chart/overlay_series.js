// Lines on the candles or in panes below them.  Where nothing is known the line has a hole, and a single value a dash.

const WIDTH = 1.75;

/** The view of a line for the chart library (a custom series): the library's own line bridges holes. */
export class HoledLine {
  defaultOptions() {
    return { color: "#888888", lineWidth: WIDTH };
  }

  priceValueBuilder(item) {
    return [item.value];
  }

  isWhitespace(item) {
    return item.value === undefined;
  }

  renderer() {
    return { draw: (target, toY) => target.useMediaCoordinateSpace(({ context }) => this._draw(context, toY)) };
  }

  update(data, options) {
    this.data = data;
    this.options = options;
  }

  _draw(context, toY) {
    const { bars, visibleRange, barSpacing } = this.data;
    if (!visibleRange) return;
    context.strokeStyle = this.options.color;
    context.lineWidth = this.options.lineWidth;
    context.lineJoin = "round";
    context.beginPath();
    for (let at = visibleRange.from; at < visibleRange.to; at += 1) {
      const bar = bars[at], y = toY(bar.originalData.value);
      const before = at > 0 && bars[at - 1].time === bar.time - 1, after = bars[at + 1]?.time === bar.time + 1;
      if (before && at > visibleRange.from) context.lineTo(bar.x, y);
      else if (before || after) context.moveTo(bar.x, y);
      else {
        const half = Math.max(1.5, barSpacing / 2);
        context.moveTo(bar.x - half, y);
        context.lineTo(bar.x + half, y);
      }
    }
    context.stroke();
  }
}

/**
 * The points of a series that stand at bars of the chart; others would put bars into the time axis that are none.
 * @param {{time: number, value: number | null}[]} points in order, times in ms
 * @param {number[]} times of the bars in the chart, in ms
 */
export function onBars(points, times) {
  const made = [];
  if (!times.length) return made;
  let bar = 0;
  for (let at = firstFrom(points, times[0]); at < points.length && bar < times.length; at += 1) {
    const { time, value } = points[at];
    while (bar < times.length && times[bar] < time) bar += 1;
    if (times[bar] !== time) continue;
    made.push(value === null || !Number.isFinite(value) ? { time: time / 1000 } : { time: time / 1000, value });
  }
  return made;
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

/** The value of a series at a bar, undefined if it has none. */
export function valueAt(points, time) {
  const point = points[firstFrom(points, time)];
  return point?.time === time && point.value !== null ? point.value : undefined;
}
