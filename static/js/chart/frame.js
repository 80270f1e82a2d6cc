// What stands around the canvas of a candle chart: the line of the bar's values, the legend, what is read aloud.

import { colourOf, KINDS, LEGEND } from "./shapes.js";
import { brief, facts, instant } from "./words.js";

const SVG = "http://www.w3.org/2000/svg";
const QUIET = 350; // ms without a step before a bar is read aloud

export class Frame {
  /** @param {HTMLElement} host @param {{label: string, height?: number}} options */
  constructor(host, { label, height }) {
    this.host = host;
    host.classList.add("candles");
    this.words = element("p", { class: "candles-words" });
    this.canvas = element("div", {
      class: "candles-canvas", tabindex: "0", role: "application", "aria-roledescription": "candle chart",
      "aria-label": `${label}. Arrow keys step through the bars, with Shift by ten; Home and End go to the first and the last; plus and minus zoom.`,
    });
    this.place = element("div", { class: "candles-place" });
    this.message = element("p", { class: "candles-message", role: "status" }, "Loading the bars …");
    this.spoken = element("p", { class: "away", "aria-live": "polite" });
    this.canvas.append(this.place, this.message);
    if (height) this.canvas.style.minHeight = `${height}px`;
    host.replaceChildren(this.words, this.canvas, foot(), this.spoken);
  }

  /** Shows the values of a bar and of the series at it. */
  tell(bar, decimals, series) {
    const parts = [element("b", {}, instant(bar.time))];
    for (const [name, short, text] of facts(bar, decimals)) {
      const tone = name === "change" ? (text.startsWith("-") ? "bad" : "good") : "";
      parts.push(element("span", { class: tone }, short ? `${short} ${text}` : text));
    }
    for (const { title, colour, value } of series) {
      const part = element("span", { class: "candles-series" }, `${title} ${value === undefined ? "–" : brief(value)}`);
      part.style.setProperty("--colour", colour);
      parts.push(part);
    }
    this.words.replaceChildren(...parts.flatMap((part) => [part, " "]));
  }

  /** Reads a bar aloud once the steps have come to rest. */
  speak(bar, decimals) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      const values = facts(bar, decimals).map(([name, , text]) => `${name} ${text}`);
      this.spoken.textContent = `${instant(bar.time)}: ${values.join(", ")}`;
    }, QUIET);
  }

  /** @param {string} text nothing = the bars are there */
  say(text) {
    this.message.textContent = text;
    this.message.hidden = !text;
  }

  close() {
    clearTimeout(this.timer);
    this.host.classList.remove("candles");
    this.host.replaceChildren();
  }
}

/** The legend of the marks, and whose library draws the chart. */
function foot() {
  const marks = element("ul", { class: "candles-legend", "aria-label": "Marks" });
  for (const kind of KINDS) {
    const svg = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["viewBox", "0 0 20 14"], ["width", "20"], ["height", "14"], ["aria-hidden", "true"]]) svg.setAttribute(name, value);
    for (const [tag, attributes] of LEGEND[kind]) {
      const part = document.createElementNS(SVG, tag);
      for (const [name, value] of Object.entries(attributes)) part.setAttribute(name, value);
      svg.append(part);
    }
    const item = element("li", { "data-colour": colourOf(kind) });
    item.append(svg, kind);
    marks.append(item);
  }
  const source = element("a", { class: "candles-source", href: "https://www.tradingview.com/", rel: "noreferrer" }, "Charts by TradingView");
  const line = element("div", { class: "candles-foot" });
  line.append(marks, source);
  return line;
}

function element(tag, attributes = {}, text = "") {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) if (value) made.setAttribute(name, value);
  if (text) made.textContent = text;
  return made;
}
