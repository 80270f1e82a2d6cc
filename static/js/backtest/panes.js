// Graph and chart beside or above each other, with a bar between them that is dragged or moved by keys.

import { byId } from "./dom.js";

const SPLIT = "tradegraph.backtest.split", LAYOUT = "tradegraph.backtest.layout";
const LEAST = 20, MOST = 80; // percent for the graph
const HEAD = 70, MIDDLE = [30, 46]; // pixels around the graph, and percent it gets above the chart at first
const REASONS = 220; // pixels of the reasons below a graph that stands beside the chart
const READABLE = 0.5; // pixels per unit from which a graph beside the chart can be read

/** Remembers in this browser how somebody likes it; until then the form in which the graph is larger is taken. */
export class Panes {
  constructor() {
    this.panes = byId("panes");
    this.divider = byId("divider");
    this.form = byId("layout");
    const [, , width, height] = byId("graph").querySelector("svg").getAttribute("viewBox").split(" ").map(Number);
    const box = this.panes.getBoundingClientRect();
    const beside = Math.min(box.width / 2 / width, (box.height - REASONS - HEAD) / height);
    const above = Math.min(box.width / width, ((box.height * MIDDLE[1]) / 100 - HEAD) / height);
    const kept = localStorage.getItem(LAYOUT);
    this._arrange(kept ? kept === "above" : beside < READABLE && above > beside);
    const fitting = (100 * ((box.width * height) / width + HEAD)) / box.height;
    this._split(Number(localStorage.getItem(SPLIT)) || (this.above ? Math.max(MIDDLE[0], Math.min(MIDDLE[1], fitting)) : 50));
    this.form.addEventListener("click", () => {
      this._arrange(!this.above);
      localStorage.setItem(LAYOUT, this.above ? "above" : "beside");
    });
    this.divider.addEventListener("pointerdown", (event) => {
      this.divider.setPointerCapture(event.pointerId);
      event.preventDefault();
    });
    this.divider.addEventListener("pointermove", (event) => this._drag(event));
    this.divider.addEventListener("keydown", (event) => this._key(event));
    this.divider.addEventListener("dblclick", () => this._keep(50));
  }

  _arrange(above) {
    this.above = above;
    this.panes.classList.toggle("above", above);
    this.divider.setAttribute("aria-orientation", above ? "horizontal" : "vertical");
    this.form.textContent = above ? "Beside" : "Above";
    this.form.title = above ? "Put the graph beside the candles" : "Put the graph above the candles";
  }

  _drag(event) {
    if (!this.divider.hasPointerCapture(event.pointerId)) return;
    const box = this.panes.getBoundingClientRect();
    const share = this.above ? (event.clientY - box.top) / box.height : (event.clientX - box.left) / box.width;
    this._keep(100 * share);
  }

  _key(event) {
    const now = Number(this.divider.getAttribute("aria-valuenow"));
    const less = this.above ? "ArrowUp" : "ArrowLeft", more = this.above ? "ArrowDown" : "ArrowRight";
    const to = { [less]: now - 2, [more]: now + 2, Home: LEAST, End: MOST }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this._keep(to);
  }

  _keep(share) {
    this._split(share);
    localStorage.setItem(SPLIT, this.divider.getAttribute("aria-valuenow"));
  }

  _split(share) {
    const held = Math.max(LEAST, Math.min(MOST, share));
    this.panes.style.setProperty("--split", `${held}%`);
    this.divider.setAttribute("aria-valuenow", String(Math.round(held)));
  }
}
