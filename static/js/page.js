// What every page does: definitions that stay inside the window, live messages, refusals of htmx.

import { clearProblem, showProblem } from "./api.js";
import { remember } from "./steps.js";
import { toast } from "./toast.js";

const MARGIN = 8; // pixels between a definition and the edge of the window
const ENDED = {
  done: ["good", "A back-test is done."],
  failed: ["bad", "A back-test failed."],
  interrupted: ["warn", "A back-test was interrupted."],
};

/** Moves a definition to the left if it would leave the window. */
function place(box) {
  const text = box.querySelector(".tip-text");
  box.classList.remove("closed");
  text.style.setProperty("--shift", "0px");
  const { left, right } = text.getBoundingClientRect();
  const over = Math.min(left - MARGIN, Math.max(0, right - document.documentElement.clientWidth + MARGIN));
  if (over > 0) text.style.setProperty("--shift", `${-over}px`);
}

for (const name of ["pointerover", "focusin"]) {
  document.addEventListener(name, (event) => {
    const box = event.target.closest?.(".tip-box");
    if (box && !box.contains(event.relatedTarget)) place(box);
  });
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const box of document.querySelectorAll(".tip-box")) box.classList.add("closed");
});

document.body.addEventListener("live:backtest", ({ detail }) => {
  const [kind, text] = ENDED[detail.status] ?? [];
  const href = `/backtests/${encodeURIComponent(detail.id)}`;
  if (kind && location.pathname !== href) toast(text, { kind, href });
});

document.body.addEventListener("htmx:beforeRequest", ({ detail }) => {
  if (detail.requestConfig.verb !== "get") clearProblem();
});
document.body.addEventListener("htmx:sendError", () => showProblem("The server does not answer. Is it running?"));
document.body.addEventListener("htmx:timeout", () => showProblem("The server took too long to answer. Try again."));

// First steps that the server does not see: somebody has looked at a bar of a back-test, or compared two.
if (/^\/backtests\/[^/]+$/.test(location.pathname)) {
  for (const name of ["pointerdown", "keydown"]) {
    document.addEventListener(name, ({ target }) => { if (target.closest?.(".candles, #scrub")) remember("bar"); });
  }
}
if (location.pathname === "/backtests/compare" && new URLSearchParams(location.search).getAll("id").length > 1) remember("compare");
