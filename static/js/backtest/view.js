// Graph or list: two forms of the same values. A phone begins with the list, a wide screen with the graph.

import { byId } from "./dom.js";

/** Which of the two is shown; `chosen` is undefined until somebody chose. */
export class View {
  /** @param {{chosen: boolean | undefined, onChange: () => void}} options `chosen`: true = list */
  constructor({ chosen, onChange }) {
    this.chosen = chosen;
    this.narrow = window.matchMedia("(max-width: 760px)");
    this.onChange = onChange;
    byId("as-graph").addEventListener("click", () => this._choose(false));
    byId("as-list").addEventListener("click", () => this._choose(true));
    this.narrow.addEventListener("change", () => this._apply());
    this._apply();
  }

  get list() {
    return this.chosen ?? this.narrow.matches;
  }

  _choose(list) {
    this.chosen = list;
    this._apply();
    this.onChange();
  }

  _apply() {
    byId("graph").hidden = this.list;
    byId("wires").hidden = !this.list;
    byId("as-graph").setAttribute("aria-pressed", String(!this.list));
    byId("as-list").setAttribute("aria-pressed", String(this.list));
  }
}
