// A back-test that is not finished yet: the page becomes the result as soon as it is.

const waiting = document.getElementById("waiting");

document.body.addEventListener("live:backtest", ({ detail }) => {
  if (detail.id === waiting.dataset.id && detail.status === "done") window.location.reload();
});

// Where the live channel is cut off, the progress that is asked for again says it too.
new MutationObserver(() => {
  if (waiting.querySelector('[data-status="done"]')) window.location.reload();
}).observe(waiting, { childList: true, subtree: true });
