// The pages of stored candles: fetches as they go on, the upload, the chart.

import { api } from "./api.js";

const TOPIC = "live:candles";

/** Asks for a part of the page anew. */
function refresh(id, path) {
  const place = document.getElementById(id);
  if (place) window.htmx?.ajax("GET", path, { target: place, swap: "outerHTML" });
}

/** A fetch has ended. */
function changed({ symbol, timeframe, status }) {
  refresh("candle-list", `/candles/list${location.search}`);
  const here = shown?.symbol === symbol && shown.timeframe === timeframe;
  if (here && status === "done") location.reload();
}

function followFetches() {
  let waiting = false;
  document.body.addEventListener(TOPIC, ({ detail }) => {
    if (!["waiting", "running"].includes(detail.status)) changed(detail);
    if (waiting) return; // several events at once need one answer
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      refresh("candle-fetches", "/candles/fetches");
    });
  });
}

/** Sends the file without leaving the page, so that a refusal leaves the form as it was filled in. */
function sendFiles(form) {
  const button = form.querySelector("button");
  const status = form.querySelector("[role=status]");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    status.textContent = "Sending and checking the file …";
    try {
      const facts = await api("/api/candles/import", { method: "POST", body: new FormData(form) });
      location.assign(`/candles/${encodeURIComponent(facts.symbol)}/${encodeURIComponent(facts.timeframe)}`);
    } catch {
      status.textContent = ""; // the refusal is told above
    } finally {
      button.disabled = false;
    }
  });
}

async function drawChart(place, { symbol, timeframe, rows, bar_ms: barMs }) {
  const { createCandleChart } = await import("./chart/candle_chart.js");
  const path = `/api/candles/${encodeURIComponent(symbol)}/${encodeURIComponent(timeframe)}`;
  const load = (from, to) => api(`${path}?row=${from}&limit=${to - from}`);
  createCandleChart(place, { source: { bars: rows, barMs, load }, label: `${symbol} ${timeframe}` });
}

const data = document.getElementById("candle-data");
const shown = data && JSON.parse(data.textContent);
followFetches();
for (const form of document.querySelectorAll("form[data-import]")) sendFiles(form);
if (shown) drawChart(document.getElementById("candle-chart"), shown);
