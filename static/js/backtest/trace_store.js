// What every wire carried, fetched in chunks around the bar under the cursor.

const KEPT = 16; // chunks in memory
const EDGE = 0.25; // share of a chunk from its end at which the next one is fetched ahead

/**
 * @typedef {{first: number, rows: number, wires: Record<string, {k: string, v?: any[], runs?: any[][]}>}} Chunk
 * @typedef {{wire: string, node: string, port: string, kind: string, timeframe: string, chart: boolean}} Wire
 */

/** The trace of one market. `at` answers at once from what is loaded; everything else may have to wait. */
export class TraceStore {
  /** @param {{rows: number, size: number, wires: Wire[], load: (chunk: number) => Promise<Chunk>}} options */
  constructor({ rows, size, wires, load }) {
    this.rows = rows;
    this.size = size;
    this.wires = wires;
    this.byName = new Map(wires.map((wire) => [wire.wire, wire]));
    this._load = load;
    this._asked = new Map(); // chunk number -> promise
    this._here = new Map(); // chunk number -> chunk, the least recently used first
  }

  /** Wires of a node. */
  of(node) {
    return this.wires.filter((wire) => wire.node === node);
  }

  /** The raw value of every wire at a row, or null if its chunk is not here yet. */
  at(row) {
    const chunk = this._touch(Math.floor(row / this.size));
    if (!chunk) return null;
    const values = new Map(), offset = row - chunk.first;
    for (const name in chunk.wires) values.set(name, { k: chunk.wires[name].k, v: valueAt(chunk.wires[name], offset) });
    return values;
  }

  /** Waits for the chunk of a row; near its end the next one is fetched as well. */
  async around(row) {
    const number = Math.floor(row / this.size), place = (row % this.size) / this.size;
    const wanted = this.chunk(number);
    if (place > 1 - EDGE) this._ahead(number + 1);
    if (place < EDGE) this._ahead(number - 1);
    return wanted;
  }

  /** A chunk by number; a failed fetch may be tried again. */
  chunk(number) {
    if (!this._asked.has(number)) {
      const asked = this._load(number).then((chunk) => this._keep(number, chunk));
      asked.catch(() => this._asked.delete(number));
      this._asked.set(number, asked);
    }
    return this._asked.get(number);
  }

  /**
   * The nearest row before (`step` -1) or after (+1) a row at which a test of its chunk holds, or null.
   * @param {(chunk: Chunk, offset: number) => boolean} test
   */
  async find(row, step, test, stopped = () => false) {
    for (let at = row + step; at >= 0 && at < this.rows;) {
      const chunk = await this.chunk(Math.floor(at / this.size));
      if (stopped()) return null;
      for (; at >= chunk.first && at < chunk.first + chunk.rows; at += step) {
        if (test(chunk, at - chunk.first)) return at;
      }
    }
    return null;
  }

  /** Chunks that are here, in order. */
  get loaded() {
    return [...this._here.keys()].sort((a, b) => a - b).map((number) => this._here.get(number));
  }

  _ahead(number) {
    // What is fetched ahead is asked for again when it is needed, and then its failure is told.
    if (number >= 0 && number * this.size < this.rows) this.chunk(number).catch(() => {});
  }

  _touch(number) {
    const chunk = this._here.get(number);
    if (chunk) {
      this._here.delete(number);
      this._here.set(number, chunk);
    }
    return chunk;
  }

  _keep(number, chunk) {
    this._here.set(number, chunk);
    for (const oldest of this._here.keys()) {
      if (this._here.size <= KEPT) break;
      this._here.delete(oldest);
      this._asked.delete(oldest);
    }
    return chunk;
  }
}

/** The value of one wire at an offset into its chunk; null = not yet known. */
export function valueAt(column, offset) {
  if (column.v) return column.v[offset];
  let low = 0, high = column.runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (column.runs[middle][0] <= offset) low = middle + 1;
    else high = middle;
  }
  return low ? column.runs[low - 1][1] : null;
}
