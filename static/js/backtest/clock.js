// Rows of a run and the instants of their bars.

/**
 * The bars of one market. Runs of bars without a hole make both directions one short search, whatever is missing.
 */
export class Clock {
  /** @param {{bar_ms: number, segments: number[][]}} bars `segments` are [opening instant of the first bar, bars] */
  constructor({ bar_ms, segments }) {
    this.barMs = bar_ms;
    this.rows = 0;
    this.segments = segments.map(([start, count]) => {
      const segment = { start, first: this.rows, count };
      this.rows += count;
      return segment;
    });
  }

  /** Opening instant (ms UTC) of a row. */
  time(row) {
    const segment = this._last((s) => s.first <= row) ?? this.segments[0];
    return segment.start + (row - segment.first) * this.barMs;
  }

  /** The row whose bar holds an instant; in a hole or outside the nearest row before, or the first. */
  rowAt(time) {
    const segment = this._last((s) => s.start <= time);
    if (!segment) return 0;
    return segment.first + Math.min(segment.count - 1, Math.floor((time - segment.start) / this.barMs));
  }

  /** A row that exists. */
  clamp(row) {
    return Math.max(0, Math.min(this.rows - 1, row));
  }

  _last(test) {
    let low = 0, high = this.segments.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (test(this.segments[middle])) low = middle + 1;
      else high = middle;
    }
    return this.segments[low - 1];
  }
}

/** "2026-11-25 08:00" of an instant, UTC. */
export const minute = (time) => new Date(time).toISOString().slice(0, 16).replace("T", " ");
