/**
 * The live channel of a page: events from the server become events of the body, named `live:<topic>`, with the data as
 * `detail`.  Scripts listen with `document.body.addEventListener("live:backtest", …)`, htmx with
 * `hx-trigger="live:backtest from:body"`.
 *
 * A page begins after the event it was rendered with (`<meta name="live-after">`) and goes on after the last one it got.
 * Hidden pages hang up: a browser has few connections per server, and twenty open tabs would use them all.
 */

import "./live_banner.js";

const LONGEST_PAUSE = 60_000;

let last = Number(document.querySelector('meta[name="live-after"]')?.content || NaN);
let source = null;
let timer = 0;
let pause = 1_000;

function connect() {
  clearTimeout(timer);
  if (source || document.hidden) return;
  source = new EventSource(Number.isFinite(last) ? `/live?after=${last}` : "/live");
  source.onopen = () => {
    pause = 1_000;
    tell("live-state", { connected: true });
  };
  source.onmessage = (message) => {
    last = Number(message.lastEventId);
    const { topic, data } = JSON.parse(message.data);
    tell(`live:${topic}`, data);
  };
  source.onerror = () => {
    tell("live-state", { connected: false });
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    hangUp(); // refused: signed out, too many streams, or the server is starting
    timer = setTimeout(connect, pause);
    pause = Math.min(2 * pause, LONGEST_PAUSE);
  };
}

function hangUp() {
  source?.close();
  source = null;
}

function tell(name, detail) {
  document.body.dispatchEvent(new CustomEvent(name, { detail }));
}

document.addEventListener("visibilitychange", () => (document.hidden ? hangUp() : connect()));
window.addEventListener("pagehide", hangUp);
window.addEventListener("pageshow", connect);
connect();
