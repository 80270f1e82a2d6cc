// The overview: first steps that the browser knows of, and back-tests that run.

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
function follow({ id, status, stage, progress }) {
  const card = document.querySelector(`[data-run="${CSS.escape(id)}"]`);
  if (!card || !["queued", "running"].includes(status)) {
    window.htmx.ajax("GET", "/overview/runs", { target: "#runs", swap: "outerHTML" });
    return;
  }
  const bar = card.querySelector("progress"), percent = `${Math.round(100 * progress)} %`;
  bar.value = progress;
  card.querySelector("output").textContent = percent;
  card.querySelector(".progress > span").textContent = stage || status;
}

tick();
document.body.addEventListener("live:backtest", ({ detail }) => follow(detail));
