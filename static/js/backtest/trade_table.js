// The table of trades: sorted by any column, filtered, in pages; a row opens its trade in the workbench.

import { byId, make, timeOf } from "./dom.js";
import { money, number, percent } from "./values.js";

const SHOWN = 50;

/** Shows trades and says which was chosen. */
export class TradeTable {
  /** @param {{store: import("./trade_store.js").TradeStore, several: boolean, onTrade: (number: number) => void}} options */
  constructor({ store, several, onTrade }) {
    this.store = store;
    this.several = several;
    this.onTrade = onTrade;
    this.sort = { name: "number", way: 1 };
    this.page = 0;
    this.open = null;
    this.body = byId("trade-rows");
    for (const name of ["side", "reason", "profit"]) {
      byId(`trade-${name}`).addEventListener("change", () => this.show(0));
    }
    for (const button of document.querySelectorAll("#trades [data-sort]")) {
      button.addEventListener("click", () => this._sortBy(button.dataset.sort));
    }
    byId("trades-before").addEventListener("click", () => this.show(this.page - 1));
    byId("trades-after").addEventListener("click", () => this.show(this.page + 1));
  }

  /** Takes in trades that arrived. */
  refresh() {
    const select = byId("trade-reason"), known = new Set([...select.options].map((option) => option.value));
    for (const trade of this.store.all) {
      if (known.has(trade.exit_reason)) continue;
      known.add(trade.exit_reason);
      select.append(make("option", { value: trade.exit_reason, text: trade.exit_reason.replaceAll("_", " ") }));
    }
    this.show(this.page);
  }

  /** Marks the open trade and turns to its page if it is among those shown. */
  mark(number) {
    this.open = number;
    const place = number === null ? -1 : this._rows().findIndex((trade) => trade.number === number);
    this.show(place < 0 ? this.page : Math.floor(place / SHOWN));
  }

  /** Shows a page. */
  show(page) {
    const rows = this._rows(), last = Math.max(0, Math.ceil(rows.length / SHOWN) - 1);
    this.page = Math.max(0, Math.min(last, page));
    const from = this.page * SHOWN, here = rows.slice(from, from + SHOWN);
    this.body.replaceChildren(...here.map((trade) => this._row(trade)));
    byId("trades-none").hidden = rows.length > 0;
    const some = rows.length === this.store.all.length ? "" : ` of ${this.store.all.length.toLocaleString("en-US")}`;
    byId("trades-count").textContent = rows.length
      ? `${from + 1} to ${from + here.length} · ${rows.length.toLocaleString("en-US")}${some} trades` : "no trades";
    byId("trades-before").disabled = this.page === 0;
    byId("trades-after").disabled = this.page === last;
  }

  _rows() {
    const side = byId("trade-side").value, reason = byId("trade-reason").value, profit = byId("trade-profit").value;
    const { name, way } = this.sort;
    return this.store.all
      .filter((trade) => (!side || trade.side === side) && (!reason || trade.exit_reason === reason)
        && (!profit || (trade.pnl > 0) === (profit === "won")))
      .sort((a, b) => way * compare(a[name], b[name]) || a.number - b.number);
  }

  _sortBy(name) {
    this.sort = { name, way: this.sort.name === name ? -this.sort.way : 1 };
    for (const button of document.querySelectorAll("#trades [data-sort]")) {
      const own = button.dataset.sort === name, head = button.closest("th");
      if (own) head.setAttribute("aria-sort", this.sort.way > 0 ? "ascending" : "descending");
      else head.removeAttribute("aria-sort");
    }
    this.show(0);
  }

  _row(trade) {
    const open = () => this.onTrade(trade.number);
    const tone = trade.pnl > 0 ? "good" : trade.pnl < 0 ? "bad" : "";
    const button = make("button", { type: "button", class: "link", text: String(trade.number),
      "aria-label": `Open trade ${trade.number}` });
    return make("tr", { click: open, "aria-current": trade.number === this.open ? "true" : null },
      make("th", { scope: "row" }, button),
      ...(this.several ? [make("td", { text: trade.symbol })] : []),
      make("td", {}, make("span", { class: `side ${trade.side}`, text: trade.side })),
      make("td", {}, timeOf(trade.entry_time)), figure(number(trade.entry_price)),
      make("td", {}, timeOf(trade.exit_time)), figure(number(trade.exit_price)),
      make("td", { text: trade.exit_reason.replaceAll("_", " ") }),
      figure(money(trade.pnl), tone), figure(trade.pnl_percent === null ? "" : percent(trade.pnl_percent), tone));
  }
}

const figure = (text, tone = "") => make("td", { class: `figure ${tone}`.trim(), text });

function compare(a, b) {
  if (a === b) return 0;
  return a === null || a < b ? -1 : 1;
}
