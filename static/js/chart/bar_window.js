// The bars that are in the chart: a run of blocks around what is seen, never the whole market.

const BLOCK = 1000; // rows per request
const USUAL_BLOCKS = 4; // in the chart at a time, unless more are in view: each costs time whenever bars are added
const KEPT_BLOCKS = 32; // in memory at a time
const COLUMNS = ["time", "open", "high", "low", "close", "volume"];

/**
 * @typedef {{from: number, time: number[], open: number[], high: number[], low: number[], close: number[], volume: number[]}} Columns
 * @typedef {{bars: number, barMs: number, load: (from: number, to: number) => Promise<Columns>}} Source
 */

/** Rows `first` to `last` (not included) of a source; times are in ms UTC. */
export class BarWindow {
  /** @param {Source} source */
  constructor(source) {
    this.source = source;
    this.first = 0;
    this.last = 0;
    this.clear();
    /** @type {Map<number, Columns>} the least recently used block first */
    this.blocks = new Map();
    /** @type {Map<number, Promise<Columns>>} */
    this.awaited = new Map();
  }

  clear() {
    for (const name of COLUMNS) this[name] = [];
  }

  /** Whether a row is in the chart. */
  holds(row) {
    return row >= this.first && row < this.last;
  }

  /** The row of the last bar at or before an instant among those in the chart, -1 if it is before them. */
  rowBefore(time) {
    const at = upTo(this.time, time);
    return at < 0 ? -1 : this.first + at;
  }

  /** Whether an instant lies between the first and the last bar in the chart. */
  covers(time) {
    return this.time.length > 0 && time >= this.time[0] && time < this.time.at(-1) + this.source.barMs;
  }

  /** Loads the blocks under some rows and a margin, and says which blocks the chart should hold. */
  async around(from, to, margin) {
    const lowest = this._block(from - margin), highest = this._block(to - 1 + margin);
    await Promise.all(range(lowest, highest).map((block) => this.load(block)));
    return [lowest, highest];
  }

  /** Whether bars are missing in the chart for some rows and a margin. */
  lacks(from, to, margin) {
    return Math.max(0, from - margin) < this.first || Math.min(this.source.bars, to + margin) > this.last;
  }

  /**
   * Shows blocks `lowest` to `highest`, joined to those shown before where they touch; the far end is let go.
   * Returns by how many rows the first row has moved (negative: to the left).
   */
  show(lowest, highest) {
    const before = this.first;
    let low = lowest, high = highest;
    if (this.last > this.first) {
      const shown = [this._block(this.first), this._block(this.last - 1)];
      const touches = lowest <= shown[1] + 1 && highest >= shown[0] - 1;
      if (touches) [low, high] = this._joined(lowest, highest, shown);
    }
    const parts = range(low, high).map((block) => this.blocks.get(block));
    for (const name of COLUMNS) this[name] = [].concat(...parts.map((part) => part[name]));
    this.first = parts[0].from;
    this.last = this.first + this.time.length;
    return this.first - before;
  }

  /** Finds the row of the last bar at or before an instant, asking for blocks on the way. */
  async find(time) {
    const { bars, barMs } = this.source;
    let low = 0, high = this._block(bars - 1), block = Math.min(high, Math.max(low, this._guess(time)));
    while (true) {
      const { from, time: times } = await this.load(block);
      if (time < times[0]) high = block - 1;
      else if (time > times.at(-1) + barMs) low = block + 1;
      else return from + upTo(times, time);
      if (low > high) return time < times[0] ? Math.max(0, from - 1) : from + times.length - 1;
      const steps = (time - times[0]) / (barMs * BLOCK);
      block = Math.min(high, Math.max(low, block + Math.floor(steps)));
    }
  }

  /** The columns of a block. */
  load(block) {
    const held = this.blocks.get(block);
    if (held) {
      this.blocks.delete(block);
      this.blocks.set(block, held); // used last
      return Promise.resolve(held);
    }
    if (!this.awaited.has(block)) this.awaited.set(block, this._fetch(block).finally(() => this.awaited.delete(block)));
    return this.awaited.get(block);
  }

  async _fetch(block) {
    const from = block * BLOCK, to = Math.min(this.source.bars, from + BLOCK);
    const columns = await this.source.load(from, to);
    if (!columns.time.length) throw new Error(`no bars were given for the rows ${from} to ${to}`);
    const kept = { ...columns, from };
    this.blocks.set(block, kept);
    for (const old of this.blocks.keys()) {
      if (this.blocks.size <= KEPT_BLOCKS) break;
      if (!this._shows(old)) this.blocks.delete(old);
    }
    return kept;
  }

  _joined(lowest, highest, shown) {
    const most = Math.max(USUAL_BLOCKS, highest - lowest + 1);
    let low = Math.min(lowest, shown[0]), high = Math.max(highest, shown[1]);
    while (high - low >= most && high > highest) high -= 1;
    while (high - low >= most && low < lowest) low += 1;
    const isHeld = range(low, high).every((block) => this.blocks.has(block));
    return isHeld ? [low, high] : [lowest, highest];
  }

  _guess(time) {
    const known = this.time.length ? this.time[0] : this.blocks.values().next().value?.time[0];
    if (known === undefined) return 0;
    const row = this.time.length ? this.first : this.blocks.values().next().value.from;
    return this._block(row + (time - known) / this.source.barMs);
  }

  _shows(block) {
    return this.last > this.first && block >= this._block(this.first) && block <= this._block(this.last - 1);
  }

  _block(row) {
    return Math.floor(Math.max(0, Math.min(this.source.bars - 1, row)) / BLOCK);
  }
}

/** Index of the last value at or below one, -1 if none is; `values` rise. */
export function upTo(values, value) {
  let low = 0, high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

const range = (low, high) => Array.from({ length: high - low + 1 }, (_, at) => low + at);
