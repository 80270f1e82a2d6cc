// Equity and drawdown over time, with the first market bought and held; pointer and arrow keys read single points.

import { byId } from "./dom.js";
import { minute } from "./clock.js";
import { money, percent } from "./values.js";

const SVG = "http://www.w3.org/2000/svg";
const LEFT = 64, RIGHT = 8, TOP = 8, GAP = 14, FOOT = 18; // pixels around the two plots
const SHARE = 0.7; // of the height for equity
const LINES = 3;

/** Draws the curves into #equity. @param {(path: string) => Promise<any>} get */
export async function drawEquity(get) {
  const curve = await get("equity");
  const chart = new EquityChart(byId("equity"), byId("equity-now"), curve);
  new ResizeObserver(() => chart.draw()).observe(chart.host);
}

class EquityChart {
  constructor(host, words, curve) {
    Object.assign(this, { host, words, curve, at: null });
    this.svg = node("svg", { tabindex: "0", role: "img", "aria-label": "Equity and drawdown; arrow keys read points", "aria-describedby": "equity-words" });
    host.replaceChildren(this.svg);
    this.svg.addEventListener("pointermove", (event) => this._read(this._index(event.clientX)));
    this.svg.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      this._read((this.at ?? 0) + step * Math.max(1, Math.round(curve.t.length / 200)));
    });
  }

  draw() {
    const { width, height } = this.host.getBoundingClientRect();
    if (!width) return;
    const { eq, dd, hold, lo = eq, hi = eq } = this.curve;
    const middle = TOP + (height - TOP - GAP - FOOT) * SHARE;
    this.box = { width, height, plot: width - LEFT - RIGHT };
    const values = [...lo, ...hi, ...(hold ?? [])];
    const equity = scale(min(values), max(values), middle, TOP);
    const under = scale(Math.min(min(dd), -1e-9), 0, height - FOOT, middle + GAP);
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(
      ...equity.marks.flatMap((value) => this._mark(value, equity.y(value), short(value))),
      ...[under.marks[0], 0].flatMap((value) => this._mark(value, under.y(value), `${value.toFixed(1)} %`)),
      ...(hold ? [this._line(hold, equity.y, "hold")] : []),
      this._line(eq, equity.y, "equity-line"),
      node("path", { class: "under", d: `${this._path(dd, under.y)}V${under.y(0)}H${LEFT}Z` }),
      ...this._dates(height), this.cursor = node("path", { class: "cursor" }),
    );
    if (this.at !== null) this._read(this.at);
  }

  _mark(value, y, text) {
    return [node("path", { class: "grid", d: `M${LEFT} ${y}H${this.box.width - RIGHT}` }),
      node("text", { x: LEFT - 6, y: y + 4, "text-anchor": "end" }, text)];
  }

  _dates(height) {
    const { t, t0 } = this.curve, day = (index) => minute(t0 + 60_000 * t[index]).slice(0, 10);
    return [node("text", { x: LEFT, y: height - 4 }, day(0)),
      node("text", { x: this.box.width - RIGHT, y: height - 4, "text-anchor": "end" }, day(t.length - 1))];
  }

  _x(index) {
    const { t } = this.curve;
    return LEFT + (this.box.plot * (t[index] - t[0])) / (t.at(-1) - t[0] || 1);
  }

  _path(values, y) {
    return values.map((value, index) => `${index ? "L" : "M"}${this._x(index).toFixed(1)} ${y(value).toFixed(1)}`).join("");
  }

  _line(values, y, name) {
    return node("path", { class: name, d: this._path(values, y) });
  }

  _index(clientX) {
    const { t } = this.curve, x = clientX - this.host.getBoundingClientRect().left;
    const wanted = t[0] + ((x - LEFT) / this.box.plot) * (t.at(-1) - t[0]);
    const after = t.findIndex((minutes) => minutes >= wanted);
    return after < 0 ? t.length - 1 : after;
  }

  _read(index) {
    const { t, t0, eq, dd, hold, capital } = this.curve;
    this.at = Math.max(0, Math.min(t.length - 1, index));
    this.cursor.setAttribute("d", `M${this._x(this.at)} ${TOP}V${this.box.height - FOOT}`);
    const value = eq[this.at], held = hold ? ` · bought and held ${percent(100 * (hold[this.at] / capital - 1))}` : "";
    this.words.textContent = `${minute(t0 + 60_000 * t[this.at])} UTC: equity ${money(value).replace("+", "")} (${percent(100 * (value / capital - 1))}) · drawdown ${dd[this.at].toFixed(2)} %${held}`;
  }
}

function scale(low, high, bottom, top) {
  const span = high - low || 1;
  const marks = Array.from({ length: LINES }, (_, at) => low + (span * at) / (LINES - 1));
  return { marks, y: (value) => bottom - ((value - low) / span) * (bottom - top) };
}

const min = (values) => values.reduce((a, b) => Math.min(a, b), Infinity);
const max = (values) => values.reduce((a, b) => Math.max(a, b), -Infinity);
const short = (value) => value.toLocaleString("en-US", { maximumFractionDigits: Math.abs(value) < 100 ? 2 : 0 });

function node(tag, attributes, text) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}
