// Equity over drawdown as an SVG picture: one curve or several to compare, read with pointer or keys.

import { upTo } from "./bar_window.js";
import { instant } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 68, RIGHT = 10, TOP = 8, GAP = 16, FOOT = 20; // pixels around the two plots
const SHARE = 0.7; // of the height for equity
const LINES = 4, KEY_STEPS = 200;

/** @typedef {{title: string, colour: string, t: number[], eq: number[], dd: number[]}} Curve `t` in ms, `dd` in percent below zero */

class EquityChart {
  /** @param {HTMLElement} host @param {{curves: Curve[], onTime?: (time: number) => void, label?: string}} options */
  constructor(host, { curves, onTime = () => {}, label = "Equity and drawdown" }) {
    Object.assign(this, { host, onTime, curves: curves.filter(({ t }) => t.length), time: null });
    host.classList.add("curves");
    this.canvas = box("div", "curves-canvas");
    this.words = box("p", "curves-words");
    this.words.setAttribute("aria-live", "polite");
    this.svg = shape("svg", {
      role: "application", "aria-roledescription": "chart", tabindex: "0", "aria-label": `${label}: ${this.curves.map(({ title }) => title).join(", ")}. Arrow keys read points.`,
    });
    this.canvas.append(this.svg);
    host.replaceChildren(this.canvas, this.words);
    this._listen();
    this._tell();
  }

  /** Marks an instant without telling of it. */
  setTime(time) {
    this.time = time;
    this._place();
  }

  destroy() {
    this.sizes.disconnect();
    this.host.replaceChildren();
    this.host.classList.remove("curves");
  }

  _listen() {
    this.svg.addEventListener("pointermove", (event) => this._read(this._timeAt(event.clientX)));
    this.svg.addEventListener("keydown", (event) => {
      const { first, last } = this._span(), step = (last - first) / KEY_STEPS, now = this.time ?? first;
      const to = { ArrowLeft: now - step, ArrowRight: now + step, Home: first, End: last }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      this._read(to);
    });
    this.sizes = new ResizeObserver(() => this._draw());
    this.sizes.observe(this.canvas);
  }

  _span() {
    const first = Math.min(...this.curves.map(({ t }) => t[0])), last = Math.max(...this.curves.map(({ t }) => t.at(-1)));
    return { first, last };
  }

  _draw() {
    const { width, height } = this.canvas.getBoundingClientRect();
    if (!width || !this.curves.length) return;
    const middle = TOP + (height - TOP - GAP - FOOT) * SHARE, { first, last } = this._span();
    this.x = (time) => LEFT + ((width - LEFT - RIGHT) * (time - first)) / (last - first || 1);
    const equity = scale(this.curves.map(({ eq }) => eq), middle, TOP);
    const under = scale([...this.curves.map(({ dd }) => dd), [0, -1e-9]], height - FOOT, middle + GAP);
    this.size = { width, height };
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.cursor = shape("path", { class: "cursor" });
    this.svg.replaceChildren(
      ...equity.marks.flatMap((value) => grid(width, equity.y(value), short(value))),
      ...[under.low, 0].flatMap((value) => grid(width, under.y(value), `${value.toFixed(1)} %`)),
      ...this.curves.flatMap((curve) => this._curve(curve, equity, under)),
      ...this._dates(first, last), this.cursor,
    );
    this._place();
  }

  _curve({ t, eq, dd, colour }, equity, under) {
    const line = shape("path", { class: "curve", d: this._path(t, eq, equity.y) });
    const fill = shape("path", { class: "under", d: `${this._path(t, dd, under.y)}V${under.y(0)}H${this.x(t[0])}Z` });
    for (const one of [line, fill]) one.style.setProperty("--colour", colour);
    return [line, fill];
  }

  /** A path of at most two points per pixel: the highest and the lowest of a column stay. */
  _path(times, values, y) {
    const points = thinned(times, values, this.size.width);
    return points.map((at, order) => `${order ? "L" : "M"}${this.x(times[at]).toFixed(1)} ${y(values[at]).toFixed(1)}`).join("");
  }

  _dates(first, last) {
    const { width, height } = this.size, wide = width > 560 ? 5 : 3;
    return Array.from({ length: wide }, (_, at) => {
      const time = first + ((last - first) * at) / (wide - 1), anchor = at === 0 ? "start" : at === wide - 1 ? "end" : "middle";
      return shape("text", { x: this.x(time), y: height - 5, "text-anchor": anchor }, instant(time).slice(0, 10));
    });
  }

  _timeAt(clientX) {
    const { first, last } = this._span(), x = clientX - this.canvas.getBoundingClientRect().left;
    return first + ((x - LEFT) / (this.size.width - LEFT - RIGHT)) * (last - first);
  }

  _read(time) {
    const { first, last } = this._span();
    this.time = Math.max(first, Math.min(last, time));
    this._place();
    this.onTime(Math.round(this.time));
  }

  _place() {
    if (this.time !== null && this.x) this.cursor.setAttribute("d", `M${this.x(this.time)} ${TOP}V${this.size.height - FOOT}`);
    this._tell();
  }

  /** The words under the picture: at the cursor, else at the end. */
  _tell() {
    if (!this.curves.length) return void (this.words.textContent = "There is no curve to draw.");
    const time = this.time ?? this._span().last;
    const parts = this.curves.map(({ title, colour, t, eq, dd }) => {
      const at = Math.max(0, upTo(t, time)), part = document.createElement("span"), key = box("i", "curves-key");
      key.style.setProperty("--colour", colour);
      part.append(key, `${title} ${short(eq[at])}, drawdown ${dd[at].toFixed(2)} %`);
      return part;
    });
    const when = document.createElement("span");
    when.append(Object.assign(document.createElement("b"), { textContent: instant(time) }));
    this.words.replaceChildren(when, ...parts.flatMap((part) => [" ", part]));
  }
}

/** Indices of the points to draw: first, lowest, highest and last of every pixel column. */
function thinned(times, values, columns) {
  if (times.length <= 2 * columns) return times.map((_, at) => at);
  const kept = [], per = times.length / columns;
  for (let column = 0; column < columns; column += 1) {
    const from = Math.floor(column * per), to = Math.min(times.length, Math.floor((column + 1) * per));
    let low = from, high = from;
    for (let at = from; at < to; at += 1) {
      if (values[at] < values[low]) low = at;
      if (values[at] > values[high]) high = at;
    }
    kept.push(...new Set([from, Math.min(low, high), Math.max(low, high), to - 1]));
  }
  return kept;
}

function scale(lists, bottom, top) {
  let low = Infinity, high = -Infinity;
  for (const list of lists) for (const value of list) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const span = high - low || 1;
  const marks = Array.from({ length: LINES }, (_, at) => low + (span * at) / (LINES - 1));
  return { low, marks, y: (value) => bottom - ((value - low) / span) * (bottom - top) };
}

const grid = (width, y, text) => [
  shape("path", { class: "grid", d: `M${LEFT} ${y}H${width - RIGHT}` }),
  shape("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, text),
];

const short = (value) => value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });

function box(tag, name) {
  const made = document.createElement(tag);
  made.className = name;
  return made;
}

function shape(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}

/** Draws equity and drawdown into an element; several curves share the scales. */
export function createEquityChart(element, options) {
  return new EquityChart(element, options);
}
