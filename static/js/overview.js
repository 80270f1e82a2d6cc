// The overview: first steps that the browser knows of, and back-tests that run.

import { showProgress } from "./stages.js";
import { isDone } from "./steps.js";

/** Ticks the steps that were taken, and counts them. */
function tick() {
  const path = document.getElementById("path");
  for (const step of path.querySelectorAll("[data-step]")) {
    if (!isDone(step.dataset.step)) continue;
    step.classList.add("done");
    step.querySelector(".path-state").textContent = ", done";
  }
  const all = path.querySelectorAll(".path-step"), done = path.querySelectorAll(".path-step.done");
  document.getElementById("path-count").textContent = `${done.length} of ${all.length} done`;
}

/** Moves the bar of a run, or asks for the list anew when one has begun or ended. */
function follow(told) {
  const { id, status } = told;
  const card = document.querySelector(`[data-run="${CSS.escape(id)}"]`);
  if (!card || !["queued", "running"].includes(status)) {
    window.htmx.ajax("GET", "/overview/runs", { target: "#runs", swap: "outerHTML" });
    return;
  }
  showProgress(card, told);
}

tick();
document.body.addEventListener("live:backtest", ({ detail }) => follow(detail));
