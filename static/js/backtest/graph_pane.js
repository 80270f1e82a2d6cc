// The graph beside the candles: one level at a time, values on the wires, sub-graphs opened in place.

import { openGraph } from "../graph.js";
import { byId, make, perFrame } from "./dom.js";
import { brief } from "./values.js";

/** The path of the sub-graph a flat node id stands in, "" = the graph itself. */
export const levelOf = (node) => node.slice(0, Math.max(0, node.lastIndexOf("/")));

const READABLE = 10; // pixels that text on the canvas should have
const LARGEST = 17; // units, beyond which it would cover its neighbours
const FAR = 0.42; // pixels per unit below which a node shows its title only

/** Shows levels of a graph and what their wires carry. */
export class GraphPane {
  /**
   * @param {{url: string, title: string, nodes: Record<string, any>, onNode: (node: string) => void,
   *   onLevel: (level: string) => void}} options
   */
  constructor({ url, title, nodes, onNode, onLevel }) {
    this.host = byId("graph");
    this.crumbs = byId("levels");
    this.level = this.host.dataset.level;
    this.options = { url, title, nodes, onNode, onLevel };
    this.values = new Map();
    this.lit = null;
    this.framed = false; // whether lit nodes fill the view
    this.colours = new Map();
    this.selected = null;
    this.asked = 0;
    this.markup = new Map([[this.level, this.host.innerHTML]]);
    byId("fit").addEventListener("click", () => this.drawn.fit());
    this.host.addEventListener("dblclick", (event) => this._enter(event.target.closest("[data-node]")));
    this.host.addEventListener("keydown", (event) => {
      if (event.key === "o") this._enter(event.target.closest("[data-node]"));
      if (event.key === "Backspace" && this.level) this.open(levelOf(this.level));
    });
    const scale = perFrame(() => this._scale());
    this.zoomed = new MutationObserver(scale);
    new ResizeObserver(scale).observe(this.host);
    this._draw();
  }

  /** Opens a level; the drawing comes from the server once. */
  async open(level) {
    const ticket = ++this.asked;
    if (!this.markup.has(level)) {
      const answer = await fetch(`${this.options.url}?level=${encodeURIComponent(level)}`);
      if (!answer.ok) throw new Error(`The drawing of ${level || "the graph"} cannot be loaded (${answer.status}).`);
      this.markup.set(level, await answer.text());
    }
    if (ticket !== this.asked || level === this.level) return;
    this.level = level;
    this.host.innerHTML = this.markup.get(level); // drawn by this server, with every text escaped
    this._draw();
    this.options.onLevel(level);
  }

  /** @param {Map<string, {k: string, v: any}> | null} values raw values of all wires, null = still loading */
  setValues(values) {
    this.values = values;
    const shown = new Map();
    for (const wire of this.wires) {
      const value = values?.get(wire);
      if (value) shown.set(wire, brief(value));
    }
    this.drawn.setValues(shown);
  }

  /** Lights only these nodes and the sub-graphs they stand in; null = all. */
  light(nodes) {
    this.lit = nodes;
    this.drawn.light(nodes);
  }

  /** Moves to the lit nodes where the whole graph is too small to be read; null = back to the whole. */
  show(nodes) {
    if (nodes === null && this.framed) this.drawn.fit();
    this.framed = nodes !== null && (this.framed || this._scaled() < FAR);
    if (this.framed) this.drawn.show(nodes);
  }

  /** Colours by node; a sub-graph takes the colour of what is shown from inside it. */
  colour(colours) {
    for (const node of this.colours.keys()) this.drawn.colour(node, null);
    this.colours = new Map();
    for (const [node, colour] of colours) {
      for (const parent of withParents([node])) if (!this.colours.has(parent)) this.colours.set(parent, colour);
    }
    for (const [node, colour] of this.colours) this.drawn.colour(node, colour);
  }

  /** Marks a node, or the sub-graph at this level that holds it. */
  select(node) {
    this.selected = node;
    this.drawn.select(node ? this._here(node) : null);
  }

  _here(node) {
    const prefix = this.level ? `${this.level}/` : "";
    return node.startsWith(prefix) ? prefix + node.slice(prefix.length).split("/")[0] : null;
  }

  _enter(element) {
    const node = element?.dataset.node;
    if (node && this.options.nodes[node]?.inside) this.open(node);
  }

  _draw() {
    this.drawn = openGraph(this.host, { onNode: this.options.onNode, onWire: (wire) => this._wire(wire) });
    this.wires = new Set([...this.host.querySelectorAll("[data-wire]")].map((element) => element.dataset.wire));
    this.setValues(this.values);
    this.light(this.lit);
    this.colour([...this.colours]);
    this.select(this.selected);
    this._breadcrumb();
    this.framed = false;
    this._scale();
    this.zoomed.disconnect();
    this.zoomed.observe(this.host.querySelector("svg.graph"), { attributes: true, attributeFilter: ["viewBox"] });
  }

  /** Pixels per unit, 0 while it is hidden. */
  _scaled() {
    const svg = this.host.querySelector("svg.graph"), { width, height } = svg.getBoundingClientRect();
    const [, , boxWidth, boxHeight] = svg.getAttribute("viewBox").split(" ").map(Number);
    return Math.min(width / boxWidth, height / boxHeight);
  }

  /** Text grows as the graph shrinks, so that values can be read; what could not be read is left out. */
  _scale() {
    const svg = this.host.querySelector("svg.graph"), scale = this._scaled();
    if (!scale) return;
    this.drawn.letter(Math.max(READABLE, Math.min(LARGEST, Math.round(READABLE / scale))));
    svg.classList.toggle("far", scale < FAR);
  }

  _wire(wire) {
    this.options.onNode(wire.slice(0, wire.lastIndexOf(".")));
  }

  _breadcrumb() {
    const steps = this.level ? this.level.split("/") : [];
    const paths = ["", ...steps.map((_, at) => steps.slice(0, at + 1).join("/"))];
    this.crumbs.replaceChildren(...paths.map((path) => {
      const text = path ? this.options.nodes[path]?.title ?? path : this.options.title;
      if (path === this.level) return make("li", {}, make("span", { "aria-current": "true", text }));
      return make("li", {}, make("button", { type: "button", class: "link", text, click: () => this.open(path) }));
    }));
  }
}

function withParents(nodes) {
  const all = new Set(nodes);
  for (const node of nodes) for (let up = levelOf(node); up; up = levelOf(up)) all.add(up);
  return all;
}
