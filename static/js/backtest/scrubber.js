// Moving along time: slider, single steps, trades, signals, a date.

import { byId } from "./dom.js";
import { minute } from "./clock.js";

/** The controls above the panes; they show the bar that is looked at. */
export class Scrubber {
  /**
   * @param {{clock: import("./clock.js").Clock, onRow: (row: number) => void,
   *   onStep: (what: "bar"|"trade"|"signal", step: number) => void}} options
   */
  constructor({ clock, onRow, onStep }) {
    this.clock = clock;
    this.slider = byId("scrub");
    this.date = byId("jump");
    this.words = byId("bar-now");
    this.slider.max = String(clock.rows - 1);
    this.date.min = stamp(clock.time(0));
    this.date.max = stamp(clock.time(clock.rows - 1));
    this.slider.addEventListener("input", () => onRow(Number(this.slider.value)));
    byId("jump-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const time = Date.parse(`${this.date.value}Z`);
      if (!Number.isNaN(time)) onRow(clock.rowAt(time));
    });
    for (const button of document.querySelectorAll("[data-step]")) {
      const [what, step] = button.dataset.step.split(" ");
      button.addEventListener("click", () => onStep(what, Number(step)));
    }
  }

  /** Shows a row as the place where we are; `peeked` = only while the pointer is over it. */
  show(row, peeked) {
    const time = this.clock.time(row), text = `${minute(time)} UTC`;
    this.slider.value = String(row);
    this.slider.setAttribute("aria-valuetext", text);
    this.words.textContent = `${text} · bar ${(row + 1).toLocaleString("en-US")} of ${this.clock.rows.toLocaleString("en-US")}`;
    this.words.classList.toggle("peeked", peeked);
    if (document.activeElement !== this.date) this.date.value = stamp(time);
  }
}

const stamp = (time) => new Date(time).toISOString().slice(0, 16);
