// The list of back-tests: running ones move, rows are loaded again when one begins or ends.

const table = document.querySelector("[aria-label='Back-tests'][hx-get]");

document.body.addEventListener("live:backtest", ({ detail }) => {
  const row = document.querySelector(`tr[data-run="${CSS.escape(detail.id)}"]`);
  const bar = row?.querySelector("progress");
  if (bar && row.dataset.status === detail.status) bar.value = detail.progress;
  else if (table && row?.dataset.status !== detail.status) table.dispatchEvent(new CustomEvent("backtests:changed"));
});
