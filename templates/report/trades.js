// Table of trades: sorted by any column, filtered, in pages when there are many.
(() => {
  const table = byId("trades"), body = table.tBodies[0], all = 500, size = 200;
  const digits = (k) => { const tick = String(pictures.charts[k].tick); return tick.includes("e-") ? Number(tick.split("e-")[1]) : (tick.split(".")[1] || "").length || 2; };
  const price = (name) => (n) => (trades[name][n] === null ? "" : number(trades[name][n], digits(trades.symbol[n])));
  const colour = (name) => (n) => (trades[name][n] > 0 ? "up" : trades[name][n] < 0 ? "down" : "");
  const columns = [
    { title: "#", sort: (n) => n, text: (n) => String(n + 1), button: true },
    { title: "Market", sort: (n) => pictures.charts[trades.symbol[n]].symbol, text: (n) => pictures.charts[trades.symbol[n]].symbol, hide: pictures.charts.length < 2 },
    { title: "Side", sort: (n) => trades.side[n], text: (n) => trades.side[n], tone: (n) => (trades.side[n] === "long" ? "up" : "down") },
    { title: "Quantity", n: true, sort: (n) => trades.quantity[n], text: (n) => Number(trades.quantity[n]).toLocaleString("en-US", { maximumSignificantDigits: 8 }) },
    { title: "Entry (UTC)", sort: (n) => trades.entry_time[n], text: (n) => minute(trades.entry_time[n]) },
    { title: "Entry price", n: true, sort: (n) => trades.entry_price[n], text: price("entry_price") },
    { title: "Exit (UTC)", sort: (n) => trades.exit_time[n], text: (n) => minute(trades.exit_time[n]) },
    { title: "Exit price", n: true, sort: (n) => trades.exit_price[n], text: price("exit_price") },
    { title: "Exit reason", sort: (n) => trades.reasons[trades.exit_reason[n]], text: (n) => trades.reasons[trades.exit_reason[n]], mark: (n) => trades.ambiguous[n] },
    { title: "P&L", n: true, sort: (n) => trades.pnl[n], text: (n) => signed(trades.pnl[n]), tone: colour("pnl") },
    { title: "P&L %", n: true, sort: (n) => trades.pnl_percent[n], text: (n) => signed(trades.pnl_percent[n]), tone: colour("pnl") },
    { title: "Held", n: true, sort: (n) => trades.exit_time[n] - trades.entry_time[n], text: (n) => span(trades.exit_time[n] - trades.entry_time[n]) },
    { title: "Stop", n: true, sort: (n) => trades.stop[n] ?? -1, text: price("stop") },
    { title: "Target", n: true, sort: (n) => trades.target[n] ?? -1, text: price("target") },
    { title: "Fees", n: true, sort: (n) => trades.fees[n], text: (n) => number(trades.fees[n]) },
    { title: "Funding", n: true, sort: (n) => trades.funding[n], text: (n) => signed(trades.funding[n]) },
    { title: "Deciding nodes", sort: (n) => trades.nodes[n].join(" "), text: (n) => trades.nodes[n].join(", "), hide: !trades.nodes.some((ids) => ids.length) },
  ].filter((column) => !column.hide);
  const filters = {
    all: () => true, wins: (n) => trades.pnl[n] > 0, losses: (n) => trades.pnl[n] < 0, long: (n) => trades.side[n] === "long",
    short: (n) => trades.side[n] === "short", ambiguous: (n) => trades.ambiguous[n],
  };
  let order = [...Array(tradeCount).keys()], by = 0, upward = true, page = 0, selected = -1;

  const head = table.tHead.insertRow();
  columns.forEach((column, k) => {
    const cell = document.createElement("th"), button = document.createElement("button");
    cell.scope = "col";
    if (column.n) cell.className = "n";
    button.type = "button";
    button.addEventListener("click", () => { upward = by === k ? !upward : !column.n; by = k; page = 0; arrange(); });
    cell.append(button);
    head.append(cell);
  });

  function arrange() {
    const key = columns[by].sort, way = upward ? 1 : -1;
    order = [...Array(tradeCount).keys()].filter(filters[byId("filter").value]);
    order.sort((p, q) => { const a = key(p), b = key(q); return (a < b ? -1 : a > b ? 1 : p - q) * way; });
    columns.forEach((column, k) => {
      const cell = head.cells[k], active = k === by;
      if (active) cell.setAttribute("aria-sort", upward ? "ascending" : "descending"); else cell.removeAttribute("aria-sort");
      cell.firstChild.textContent = column.title + (active ? (upward ? " \u25b4" : " \u25be") : "");
    });
    render();
  }

  const pageSize = () => (order.length <= all ? all : size);
  function render() {
    const length = pageSize(), pages = Math.max(1, Math.ceil(order.length / length));
    page = clamp(page, 0, pages - 1);
    body.replaceChildren(...order.slice(page * length, (page + 1) * length).map(row));
    if (!order.length) body.insertRow().insertCell().textContent = "no trades";
    byId("pager").hidden = pages === 1;
    byId("page-text").textContent = `page ${page + 1} of ${pages}`;
    byId("page-prev").disabled = page === 0;
    byId("page-next").disabled = page === pages - 1;
  }

  function row(n) {
    const line = document.createElement("tr");
    line.dataset.trade = n;
    line.setAttribute("aria-current", String(n === selected));
    for (const column of columns) {
      const cell = line.insertCell();
      cell.className = `${column.n ? "n " : ""}${column.tone ? column.tone(n) : ""}`;
      if (column.button) {
        const button = document.createElement("button");
        button.type = "button";
        button.setAttribute("aria-label", `Show trade ${n + 1} in the chart`);
        button.textContent = column.text(n);
        cell.append(button);
      } else cell.textContent = column.text(n);
      if (column.mark && column.mark(n)) {
        const mark = document.createElement("span");
        mark.className = "mark";
        mark.textContent = "?";
        mark.title = "Ambiguous: depends on the assumed path inside the bar";
        cell.append(" ", mark);
      }
    }
    return line;
  }

  body.addEventListener("click", (event) => {
    const line = event.target.closest("tr[data-trade]");
    if (!line || String(getSelection())) return;
    candleView.goTo(Number(line.dataset.trade));
    byId("chart-section").scrollIntoView({ block: "start", behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
    byId("chart").focus({ preventScroll: true });
  });
  candleView.follow((n) => {
    selected = n;
    const at = order.indexOf(n);
    if (at >= 0 && Math.floor(at / pageSize()) !== page) { page = Math.floor(at / pageSize()); render(); }
    for (const line of body.rows) line.setAttribute("aria-current", String(Number(line.dataset.trade) === n));
    const line = body.querySelector('[aria-current="true"]'), frame = table.parentElement;
    if (line) frame.scrollTop = line.offsetTop - frame.clientHeight / 2;
  });
  byId("filter").addEventListener("change", () => { page = 0; arrange(); });
  byId("page-prev").addEventListener("click", () => { page--; render(); });
  byId("page-next").addEventListener("click", () => { page++; render(); });
  arrange();
  candleView.start();
  showTheme();
})();
