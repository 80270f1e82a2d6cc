// A market out of a fixed walk, with a hole of 100 bars before row 5,000, and what the tests do with the charts.

import { createCandleChart } from "/static/js/chart/candle_chart.js";
import { createEquityChart } from "/static/js/chart/line_chart.js";
const HOUR = 3600000, START = Date.UTC(2015, 0, 1);
const bars = Number(new URLSearchParams(location.search).get("bars") ?? 100000);
const timeOf = (row) => START + HOUR * (row + (row >= 5000 ? 100 : 0));
const closes = [1000];
for (let at = 1, seed = 7; at <= bars; at += 1) {
  seed = (seed * 16807) % 2147483647;
  closes.push(Math.max(10, Math.round(100 * closes[at - 1] * (1 + 0.01 * (seed / 2147483647 - 0.498))) / 100));
}
const asked = [];
const load = async (from, to) => {
  asked.push([from, to]);
  await new Promise((done) => setTimeout(done, 5));
  const columns = { from, time: [], open: [], high: [], low: [], close: [], volume: [] };
  for (let row = from; row < to; row += 1) {
    const open = closes[row], close = closes[row + 1];
    columns.time.push(timeOf(row)); columns.open.push(open); columns.close.push(close);
    columns.high.push(Math.max(open, close) * 1.002); columns.low.push(Math.min(open, close) * 0.998);
    columns.volume.push(1000 + (row % 37) * 20);
  }
  return columns;
};
const told = [], clicked = [];
const chart = createCandleChart(document.getElementById("chart"), {
  source: { bars, barMs: HOUR, load }, label: "Test market",
  onBar: (bar) => told.push(bar), onClick: (bar) => clicked.push(bar),
});
const t = Array.from({ length: 5000 }, (_, at) => START + at * HOUR);
const curve = (title, colour, slope) => {
  const eq = t.map((_, at) => 10000 + slope * at + 400 * Math.sin(at / 90));
  let peak = 0;
  return { title, colour, t, eq, dd: eq.map((value) => { peak = Math.max(peak, value); return 100 * (value / peak - 1); }) };
};
const times = [];
const equity = createEquityChart(document.getElementById("equity"), {
  curves: [curve("ema_cross", "var(--s6)", 0.5), curve("donchian", "var(--s2)", 0.2)], onTime: (time) => times.push(time),
});

/** Colours on the canvases of the chart. */
const ink = () => {
  const colours = new Set();
  for (const canvas of document.querySelectorAll("#chart canvas")) {
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    for (let at = 0; at < data.length; at += 4) if (data[at + 3]) colours.add(data.slice(at, at + 3).join());
  }
  return [...colours];
};

/** A trade with all its marks and levels. */
const addMarks = () => {
  const price = closes[50001];
  const one = { side: "long", trade: 12 };
  chart.setMarks([
    { ...one, kind: "signal", time: timeOf(50000), price, text: "" },
    { ...one, kind: "entry", time: timeOf(50001), price, text: "long 12" },
    { ...one, kind: "stop", time: timeOf(50001), price: price * 0.99, text: "stop" },
    { ...one, kind: "target", time: timeOf(50001), price: price * 1.01, text: "target" },
    { ...one, kind: "exit", time: timeOf(50020), price: closes[50020], text: "target" },
  ]);
  chart.showLevels({ entry: price, stop: price * 0.99, target: price * 1.01 }, timeOf(50001), timeOf(50020));
};

/** A line on the price with holes, one in a pane, and one whose point stands beside the bars. */
const addSeries = () => {
  const points = (from, to, value) =>
    Array.from({ length: to - from }, (_, at) => ({ time: timeOf(from + at), value: value(from + at) }));
  chart.setSeries([
    { id: "ema.value", title: "EMA", colour: "#8a5cc2", points: points(0, 100000, (row) => (row % 50 < 5 ? null : closes[row])) },
    { id: "rsi.value", title: "RSI", colour: "var(--s2)", points: points(49000, 51000, (row) => row % 100), pane: 4 },
    { id: "level", title: "Level", colour: "var(--s3)", points: [{ time: timeOf(50000) + 1000, value: 5 }] },
  ]);
};

/** Shows a row and puts the cursor there. */
const go = async (row) => {
  await chart.goTo(timeOf(row));
  await chart.setCursor(timeOf(row));
};

/** Whether the cursor is at a row, and bars are loaded around it. */
const isAt = (row) => {
  const { first, last, cursor } = chart.state;
  return cursor === row && first <= Math.max(0, row - 700) && last >= Math.min(bars, row + 700) && !chart.extending;
};

/** Puts earlier blocks into the chart at once. */
const prepend = async (low, high) => {
  await Promise.all(Array.from({ length: high - low + 1 }, (_, at) => chart.bars.load(low + at)));
  chart._fill([low, high]);
};

/** Asks for many places without waiting; the last one has to win. */
const hurry = (rows) => rows.forEach((row) => void go(row));

window.page = {
  chart, equity, told, clicked, asked, times, timeOf, closes, ink, addMarks, addSeries, go, isAt, prepend, hurry,
};
