// A back-test that is not finished yet: its bar moves, and the page becomes the result as soon as it is.

import { showProgress } from "../stages.js";

const waiting = document.getElementById("waiting");

document.body.addEventListener("live:backtest", ({ detail }) => {
  if (detail.id !== waiting.dataset.id) return;
  const part = document.getElementById("backtest-progress");
  if (detail.status === "done") window.location.reload();
  else if (detail.status !== part.dataset.status) part.dispatchEvent(new CustomEvent("backtest:changed"));
  else if (detail.status === "running") showProgress(part, detail);
});

// Where the live channel is cut off, the progress that is asked for now and then says it too.
new MutationObserver(() => {
  if (waiting.querySelector('[data-status="done"]')) window.location.reload();
}).observe(waiting, { childList: true, subtree: true });
