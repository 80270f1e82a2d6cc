// The same values as a table: for phones, for screen readers, and to look for one wire among hundreds.

import { byId, make } from "./dom.js";
import { told } from "./values.js";

/** A row per wire; only cells that changed are written. */
export class WireList {
  /** @param {{wires: any[], nodes: Record<string, any>, onNode: (node: string) => void}} options */
  constructor({ wires, nodes, onNode }) {
    this.body = byId("wire-rows");
    this.text = byId("wire-filter");
    this.state = byId("wire-state");
    this.count = byId("wire-count");
    this.rows = wires.map((wire) => this._row(wire, way(wire.node, nodes), onNode));
    this.body.replaceChildren(...this.rows.map((row) => row.element));
    this.text.addEventListener("input", () => this._filter());
    this.state.addEventListener("change", () => this._filter());
    this.lit = null;
    this._filter();
  }

  /** @param {Map<string, {k: string, v: any}> | null} values */
  setValues(values) {
    for (const row of this.rows) {
      const value = values?.get(row.wire.wire);
      const { text, state } = value ? told(value) : { text: values ? "–" : "…", state: "" };
      if (row.text === text) continue;
      row.text = text;
      row.state = state;
      row.cell.textContent = text;
      row.cell.dataset.state = state;
    }
    if (this.state.value) this._filter();
  }

  /** Marks the rows of a decision slice; null = none is marked. */
  light(nodes) {
    this.lit = nodes;
    this._filter();
  }

  /** Colours by node. */
  colour(colours) {
    for (const row of this.rows) {
      const colour = colours.get(row.wire.node);
      row.element.classList.toggle("coloured", Boolean(colour));
      row.element.style.setProperty("--colour", colour ?? "");
    }
  }

  _row(wire, title, onNode) {
    const cell = make("td", { class: "value", "data-wire": wire.wire });
    const name = make("button", { type: "button", class: "link", text: title, click: () => onNode(wire.node) });
    const element = make("tr", {}, make("th", { scope: "row" }, name), make("td", { text: wire.port }), cell,
      make("td", { class: "kind", text: `${wire.kind} ${wire.timeframe}` }));
    return { wire, element, cell, text: null, state: "", words: `${title} ${wire.wire} ${wire.kind}`.toLowerCase() };
  }

  _filter() {
    const words = this.text.value.trim().toLowerCase().split(/\s+/), state = this.state.value;
    let shown = 0;
    for (const row of this.rows) {
      const here = words.every((word) => row.words.includes(word)) && (!state || row.state === state)
        && (!this.lit || this.lit.has(row.wire.node));
      row.element.hidden = !here;
      shown += here ? 1 : 0;
    }
    this.count.textContent = shown === this.rows.length ? `${shown} wires` : `${shown} of ${this.rows.length} wires`;
  }
}

/** The titles of a node and of the sub-graphs around it: "trend 1d › pivots". */
function way(node, nodes) {
  const steps = node.split("/");
  return steps.map((step, at) => nodes[steps.slice(0, at + 1).join("/")]?.title ?? step).join(" › ");
}
