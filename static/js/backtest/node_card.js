// The marked node: what it is, how it is set, and what its outputs carry at the bar.

import { byId, make } from "./dom.js";
import { told } from "./values.js";

/** Shown under the graph once a node is marked. */
export class NodeCard {
  /**
   * @param {{nodes: Record<string, any>, types: Record<string, string>, wiresOf: (node: string) => any[],
   *   shown: (node: string) => boolean, onToggle: (node: string) => void, onOpen: (node: string) => void}} options
   */
  constructor(options) {
    this.options = options;
    this.host = byId("node-card");
    this.cells = [];
  }

  /** Shows a node; null hides the card. */
  show(node) {
    const told = node === null ? null : this.options.nodes[node];
    this.host.hidden = !told;
    if (!told) return;
    const params = Object.entries(told.params).map(([name, value]) => `${name.replaceAll("_", " ")} ${value}`);
    this.cells = this.options.wiresOf(node).map((wire) => ({ wire, cell: make("dd", {}) }));
    const outputs = this.cells.flatMap(({ wire, cell }) => [make("dt", { text: wire.label ?? wire.port }), cell]);
    this.host.replaceChildren(
      make("div", { class: "card-head" },
        make("strong", { text: told.title }), make("code", { text: told.type }),
        make("button", { type: "button", class: "link", text: "close", click: () => this.show(null) })),
      make("p", { class: "muted", text: [this.options.types[told.type] ?? "", params.join(", ")].filter(Boolean).join(" · ") }),
      make("dl", { class: "outputs" }, ...outputs), this._buttons(node, told));
  }

  /** @param {Map<string, {k: string, v: any}> | null} values */
  setValues(values) {
    if (this.host.hidden) return;
    for (const { wire, cell } of this.cells) {
      const value = values?.get(wire.wire), { text, state } = value ? told(value) : { text: "…", state: "" };
      cell.textContent = text;
      cell.dataset.state = state;
    }
  }

  _buttons(node, { inside }) {
    const buttons = make("p", { class: "card-buttons" });
    if (this.cells.length) {
      const text = this.options.shown(node) ? "Take off the chart" : "Show on the chart";
      buttons.append(make("button", { type: "button", class: "button small", text, click: async () => {
        await this.options.onToggle(node);
        this.show(node);
      } }));
    }
    if (inside) {
      buttons.append(make("button", { type: "button", class: "button small", text: "Open the sub-graph",
        click: () => this.options.onOpen(node) }));
    }
    return buttons;
  }
}
