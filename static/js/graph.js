// The read-only graph canvas: pan, zoom, walk by keys, and values on wires that are repainted as they change.

const STEP = 1.25; // of a zoom
const CLOSEST = 4; // pixels per unit
const FARTHEST = 1 / 12;
const LONGEST = 18; // characters of a value on a wire
const LETTER = 11; // height of a value, in units
const BROAD = 0.62; // width of a letter of its height
const AROUND = 40; // units left free around nodes that are shown

/** Whether a node or anything inside it is in a set of flat node ids. */
function holds(set, node) {
  if (set.has(node)) return true;
  const inside = `${node}/`;
  for (const other of set) if (other.startsWith(inside)) return true;
  return false;
}

/** A value in so many letters; nothing where it would be misread. */
function fitting({ text, shorter = [] }, most) {
  const found = [text, ...shorter].find((one) => one.length <= most);
  return found ?? (shorter.length || most < 4 ? "" : `${text.slice(0, most - 1)}…`);
}

const nodeOf = (address) => address.slice(0, address.lastIndexOf("."));

/** What is drawn, found once: nodes with their places and wires by what they carry. */
class Drawing {
  constructor(svg) {
    this.svg = svg;
    this.nodes = new Map();
    for (const element of svg.querySelectorAll("[data-node]")) {
      const [x, y] = element.getAttribute("transform").match(/-?[\d.]+(?:e[+-]?\d+)?/g).map(Number);
      const body = element.querySelector(".body");
      const [width, height] = ["width", "height"].map((name) => Number(body.getAttribute(name)));
      if (!this.nodes.has(element.dataset.node)) this.nodes.set(element.dataset.node, { element, x, y, width, height });
    }
    this.wires = [...svg.querySelectorAll(".wire")].map((element) => ({
      element,
      from: nodeOf(element.dataset.from),
      to: nodeOf(element.dataset.to),
      value: element.dataset.wire,
    }));
    this.carriers = new Map();
    for (const { element, value } of this.wires) this._carrier(value).wires.push(element);
    for (const element of svg.querySelectorAll(".value")) {
      element.textContent = "\u00a0";
      this._carrier(element.dataset.wire).texts.push({ element, node: element.firstChild, room: this._room(element) });
    }
    this.letter = LETTER;
  }

  /** Units between the beginning of a value and the next node to its right. */
  _room(element) {
    const [x, y] = ["x", "y"].map((name) => Number(element.getAttribute(name)));
    const right = [...this.nodes.values()].filter((node) => node.x > x && node.y < y + 6 && node.y + node.height > y - 18);
    return Math.min(...right.map((node) => node.x)) - x;
  }

  /** Writes a value into all its places, as much of it as fits there. */
  write({ texts, value }) {
    for (const { node, room } of texts) {
      const most = Math.min(LONGEST, Math.floor(room / (BROAD * this.letter)));
      node.data = (value && fitting(value, most)) || "\u00a0";
    }
  }

  _carrier(value) {
    let found = this.carriers.get(value);
    if (!found) this.carriers.set(value, (found = { text: "", state: "", value: undefined, wires: [], texts: [] }));
    return found;
  }

  /** Nodes at the other end of the wires of a node, from top to bottom. */
  neighbours(id, forward) {
    const found = new Set();
    for (const wire of this.wires) {
      const [here, there] = forward ? [wire.from, wire.to] : [wire.to, wire.from];
      if (here === id && there !== id && this.nodes.has(there)) found.add(there);
    }
    return this._sorted(found);
  }

  /** Nodes that share a neighbour with a node and stand in its column, itself among them. */
  siblings(id) {
    const { x, width } = this.nodes.get(id);
    for (const forward of [false, true]) {
      const found = new Set([id]);
      for (const other of this.neighbours(id, forward)) {
        for (const sibling of this.neighbours(other, !forward)) {
          if (Math.abs(this.nodes.get(sibling).x - x) < width) found.add(sibling);
        }
      }
      if (found.size > 1) return this._sorted(found);
    }
    return [id];
  }

  _sorted(ids) {
    return [...ids].sort((a, b) => this.nodes.get(a).y - this.nodes.get(b).y || this.nodes.get(a).x - this.nodes.get(b).x);
  }
}

/** The part of the plane that is seen, as the viewBox of the SVG. */
class View {
  constructor(svg) {
    this.svg = svg;
    this.whole = svg.getAttribute("viewBox").split(" ").map(Number);
    this.box = [...this.whole];
  }

  /** Units per pixel; reads the layout, so it is asked for on gestures only. */
  scale() {
    const { width, height } = this.svg.getBoundingClientRect();
    return Math.max(this.box[2] / (width || 1), this.box[3] / (height || 1));
  }

  pan(dx, dy) {
    const limit = Math.max(this.whole[2], this.whole[3]);
    this._set([
      clamp(this.box[0] + dx, this.whole[0] - limit, this.whole[0] + this.whole[2] + limit),
      clamp(this.box[1] + dy, this.whole[1] - limit, this.whole[1] + this.whole[3] + limit),
      this.box[2],
      this.box[3],
    ]);
  }

  /** Zooms so that a point of the page (the middle, if none) stays where it is. */
  zoom(factor, clientX, clientY) {
    const rect = this.svg.getBoundingClientRect();
    const before = this.scale();
    const after = clamp(before / factor, 1 / CLOSEST, Math.max(1 / FARTHEST, before));
    const [x, y, width, height] = this.box;
    const fromMiddle = (at, start, length) => (at === undefined ? 0 : at - start - length / 2);
    const [px, py] = [fromMiddle(clientX, rect.left, rect.width), fromMiddle(clientY, rect.top, rect.height)];
    const middle = [x + width / 2 + px * (before - after), y + height / 2 + py * (before - after)];
    const size = [rect.width * after, rect.height * after];
    this._set([middle[0] - size[0] / 2, middle[1] - size[1] / 2, ...size]);
  }

  fit() {
    this._set([...this.whole]);
  }

  /** Shows some nodes as large as they fit, but not larger than they were drawn. */
  frame(nodes) {
    const rect = this.svg.getBoundingClientRect();
    const [left, top] = ["x", "y"].map((at) => Math.min(...nodes.map((node) => node[at])) - AROUND);
    const width = Math.max(rect.width, Math.max(...nodes.map((node) => node.x + node.width)) + AROUND - left);
    const height = Math.max(rect.height, Math.max(...nodes.map((node) => node.y + node.height)) + AROUND - top);
    this._set([left, top, width, height]);
  }

  /** Moves just so far that a node is seen. */
  show({ x, y, width, height }) {
    const [left, top, w, h] = this.box;
    const away = (low, size, seen, length) =>
      low < seen ? low - seen - 20 : low + size > seen + length ? low + size - seen - length + 20 : 0;
    const [dx, dy] = [away(x, width, left, w), away(y, height, top, h)];
    if (dx || dy) this._set([left + dx, top + dy, w, h]);
  }

  _set(box) {
    this.box = box;
    this.svg.setAttribute("viewBox", box.map((value) => Math.round(value * 100) / 100).join(" "));
  }
}

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Drag with mouse, pen or a finger, pinch with two, wheel. */
function listenToPointers(svg, view) {
  const down = new Map();
  let moved = false;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (!down.size) moved = false;
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  svg.addEventListener("pointermove", (event) => {
    const last = down.get(event.pointerId);
    if (!last) return;
    const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
    if (!moved && Math.hypot(dx, dy) < 4) return;
    if (!moved) svg.setPointerCapture(event.pointerId);
    moved = true;
    svg.classList.add("moving");
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const spread = (x, y) => Math.hypot(x - other.x, y - other.y) || 1;
      view.zoom(spread(event.clientX, event.clientY) / spread(last.x, last.y), other.x, other.y);
    } else {
      const scale = view.scale();
      view.pan(-dx * scale, -dy * scale);
    }
    down.set(event.pointerId, { x: event.clientX, y: event.clientY });
  });
  const lifted = (event) => {
    down.delete(event.pointerId);
    if (!down.size) svg.classList.remove("moving");
  };
  for (const name of ["pointerup", "pointercancel", "lostpointercapture"]) svg.addEventListener(name, lifted);
  svg.addEventListener("wheel", (event) => {
    event.preventDefault();
    view.zoom(Math.exp(-clamp(event.deltaY, -120, 120) * 0.0022), event.clientX, event.clientY);
  }, { passive: false });
  return () => moved;
}

const PAN = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Keys: arrows walk along wires from a node, else (or with Shift) move the canvas; + - 0 zoom. */
function listenToKeys(svg, drawing, view, onNode) {
  const go = (id) => {
    const node = drawing.nodes.get(id);
    if (!node) return;
    node.element.focus({ preventScroll: true });
    view.show(node);
  };
  const walk = (id, key) => {
    if (key === "ArrowRight" || key === "ArrowLeft") return go(drawing.neighbours(id, key === "ArrowRight")[0]);
    const siblings = drawing.siblings(id);
    return go(siblings[siblings.indexOf(id) + (key === "ArrowDown" ? 1 : -1)]);
  };
  svg.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const id = event.target.closest("[data-node]")?.dataset.node;
    const { key } = event;
    if (key in PAN && (event.shiftKey || !id)) {
      const step = 60 * view.scale();
      view.pan(PAN[key][0] * step, PAN[key][1] * step);
    } else if (key in PAN) walk(id, key);
    else if (key === "+" || key === "=") view.zoom(STEP);
    else if (key === "-") view.zoom(1 / STEP);
    else if (key === "0") view.fit();
    else if ((key === "Enter" || key === " ") && id) onNode?.(id);
    else return;
    event.preventDefault();
  });
  svg.addEventListener("focusin", (event) => {
    const node = drawing.nodes.get(event.target.closest("[data-node]")?.dataset.node);
    if (node && event.target.matches(":focus-visible")) view.show(node);
  });
}

/** Writes what changed and nothing else; touches no layout. */
function repaint(drawing, values) {
  for (const [wire, carrier] of drawing.carriers) {
    const value = values.get(wire);
    const text = value ? value.text : "";
    const state = value ? value.state : "";
    if (text !== carrier.text) {
      carrier.text = text;
      carrier.value = value;
      drawing.write(carrier);
    }
    if (state !== carrier.state) {
      for (const element of [...carrier.wires, ...carrier.texts.map((t) => t.element)]) {
        if (carrier.state) element.classList.remove(`is-${carrier.state}`);
        if (state) element.classList.add(`is-${state}`);
      }
      carrier.state = state;
    }
  }
}

function light(drawing, set) {
  const lit = set && new Set([...drawing.nodes.keys()].filter((id) => holds(set, id)));
  const dark = (id) => lit !== null && drawing.nodes.has(id) && !lit.has(id);
  for (const [id, { element }] of drawing.nodes) element.classList.toggle("dim", dark(id));
  const bright = new Set();
  for (const { element, from, to, value } of drawing.wires) {
    const dim = dark(from) || dark(to);
    element.classList.toggle("dim", dim);
    if (!dim) bright.add(value);
  }
  for (const [value, { texts }] of drawing.carriers) {
    for (const { element } of texts) element.classList.toggle("dim", !bright.has(value));
  }
}

/**
 * Makes the SVG inside an element a canvas.
 * @param {Element} host element that holds the SVG of `server/drawing`
 * @param {{onNode?: (node: string) => void, onWire?: (wire: string) => void}} [options] `onNode` gets flat node ids,
 *   `onWire` the flat output whose values the wire carries
 */
export function openGraph(host, { onNode, onWire } = {}) {
  const svg = host.matches("svg") ? host : host.querySelector("svg.graph");
  const drawing = new Drawing(svg);
  const view = new View(svg);
  const dragged = listenToPointers(svg, view);
  svg.setAttribute("tabindex", "0");
  listenToKeys(svg, drawing, view, onNode);
  svg.addEventListener("click", (event) => {
    if (dragged()) return;
    const node = event.target.closest("[data-node]");
    if (node) return onNode?.(node.dataset.node);
    const wire = event.target.closest("[data-wire]");
    if (wire?.dataset.wire) onWire?.(wire.dataset.wire);
  });
  let selected = null;
  return {
    /** @param {Map<string, {text: string, state: string, shorter?: string[]}>} values by flat output; what is missing shows nothing */
    setValues: (values) => repaint(drawing, values),
    /** @param {Set<string> | null} set flat ids of the nodes that stay bright, null = all */
    light: (set) => light(drawing, set),
    /** Gives a node a colour of its own, null takes it back. */
    colour(id, colour) {
      const node = drawing.nodes.get(id);
      node?.element.classList.toggle("coloured", colour !== null);
      if (colour === null) node?.element.style.removeProperty("--node-colour");
      else node?.element.style.setProperty("--node-colour", colour);
    },
    /** Marks one node and its wires, null = none. */
    select(id) {
      drawing.nodes.get(selected)?.element.classList.remove("selected");
      selected = id;
      drawing.nodes.get(id)?.element.classList.add("selected");
      for (const { element, from, to } of drawing.wires) element.classList.toggle("near", id !== null && (from === id || to === id));
    },
    /** Moves so that a node is seen, and gives it the focus. */
    goTo(id) {
      const node = drawing.nodes.get(id);
      if (node) view.show(node);
      node?.element.focus({ preventScroll: true });
    },
    /** Fits the view to some nodes, or to what they stand in. @param {Set<string>} ids flat */
    show(ids) {
      const found = [...drawing.nodes].filter(([id]) => holds(ids, id)).map(([, node]) => node);
      if (found.length) view.frame(found);
    },
    /** How high values are written, in units. */
    letter(size) {
      if (size === drawing.letter) return;
      drawing.letter = size;
      svg.style.setProperty("--letter", `${size}px`);
      for (const carrier of drawing.carriers.values()) drawing.write(carrier);
    },
    zoom: (factor) => view.zoom(factor),
    fit: () => view.fit(),
  };
}
