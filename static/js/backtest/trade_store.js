// All trades of the run, fetched in pages; the decision slice of one when it is opened.

const PAGE = 1000;

/** @typedef {Record<string, any> & {number: number}} Trade */

/** The trades in order of their number. */
export class TradeStore {
  /** @param {(path: string) => Promise<any>} get asks the API of this back-test */
  constructor(get) {
    this._get = get;
    /** @type {Trade[]} */
    this.all = [];
    this._slices = new Map();
  }

  /** Fetches everything; `onPage` hears of every page. */
  async load(onPage) {
    let after = 0;
    for (;;) {
      const page = await this._get(`trades?after=${after}&limit=${PAGE}`);
      this.all.push(...page.items);
      onPage(page.next === null);
      if (page.next === null) return;
      after = page.next;
    }
  }

  /** A trade by its number, undefined if there is none. */
  numbered(number) {
    return this.all[number - 1];
  }

  /** Trades of a market by the time of their decision. */
  of(symbol) {
    return this.all.filter((trade) => trade.symbol === symbol).sort((a, b) => a.decision_time - b.decision_time);
  }

  /** Why a trade was made, fetched once. */
  slice(number) {
    if (!this._slices.has(number)) {
      const asked = this._get(`trades/${number}`).then((answer) => answer.slice);
      asked.catch(() => this._slices.delete(number));
      this._slices.set(number, asked);
    }
    return this._slices.get(number);
  }
}
