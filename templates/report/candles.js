// Candle chart on a canvas: pan, zoom, trades, one bar picked.  A view is a range of positions in the embedded bars.
const trades = pictures.trades, tradeCount = trades.side.length;

const candleView = (() => {
  const box = byId("chart"), canvas = box.querySelector("canvas"), pen = canvas.getContext("2d"), readout = byId("chart-readout");
  const unpacked = [], followers = [], listeners = [];
  let bars, market = -1, wanted = -1, from = 0, to = 1, selected = -1, picked = -1, press = null, pointer = null, colours = {}, plot = null, waiting = false;

  async function choose(k) {
    wanted = k;
    if (k === market) return;
    unpacked[k] ||= await unpack(pictures.charts[k]);
    if (wanted !== k) return; // another market was asked for meanwhile
    await layerView.choose(k, unpacked[k]);
    if (wanted !== k) return;
    bars = unpacked[k];
    market = k;
    picked = -1;
    byId("market").value = String(k);
    from = Math.max(0, bars.count - 240);
    to = Math.max(1, bars.count);
  }

  // Position of the bar that contains an instant, or -1 if it is not in this file.
  function barAt(t) {
    let low = 0, high = bars.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (bars.time[middle] <= t) low = middle; else high = middle - 1;
    }
    return bars.count && bars.time[low] <= t && t < bars.time[low] + bars.bar_ms ? low : -1;
  }

  function show(a, b) {
    const length = clamp(b - a, Math.min(12, bars.count || 1), bars.count || 1);
    from = clamp(a, -length / 4, Math.max(0, bars.count - length * 0.75));
    if (length >= bars.count) from = 0;
    to = from + length;
    box.dataset.range = `${from.toFixed(1)} ${to.toFixed(1)}`;
    redraw();
  }
  const zoom = (factor, at = (from + to) / 2) => show(at - (at - from) * factor, at + (to - at) * factor);
  const pan = (share) => show(from + (to - from) * share, to + (to - from) * share);

  async function goTo(n) {
    if (n < 0 || n >= tradeCount) return;
    selected = n;
    await choose(trades.symbol[n]);
    if (selected !== n) return; // another key came meanwhile
    picked = barAt(trades.decision_time[n] - 1);
    const entry = barAt(trades.entry_time[n]), exit = barAt(trades.exit_time[n]), few = box.clientWidth < 600 ? 60 : 130;
    if (entry >= 0) {
      const end = exit >= 0 ? exit : entry, length = Math.max(few, (end - entry) * 1.6), middle = (entry + end) / 2;
      show(middle - length / 2, middle + length / 2);
    } else redraw();
    byId("chart-status").textContent = describe(n) + (entry < 0 ? " Its bars are not in this file." : "");
    for (const follow of followers) follow(n);
  }

  // A picked bar is marked and explained.
  function pick(i) {
    if (!bars || !bars.count) return;
    picked = clamp(i, 0, bars.count - 1);
    const edge = Math.min(3, (to - from) / 4);
    if (picked < from + edge) show(picked - edge, picked - edge + to - from);
    else if (picked > to - 1 - edge) show(picked + 1 + edge - (to - from), picked + 1 + edge);
    else redraw();
    box.dataset.picked = String(bars.time[picked]);
    for (const listen of listeners) listen(market, bars.time[picked]);
  }
  const pickNext = (way) => pick(picked < 0 ? Math.round((from + to) / 2) : picked + way);

  function describe(n) {
    const size = number(trades.quantity[n], trades.quantity[n] < 100 ? 4 : 0), held = span(trades.exit_time[n] - trades.entry_time[n]);
    const where = pictures.charts.length > 1 ? `${bars.symbol} ` : "";
    return `Trade ${n + 1} of ${tradeCount}: ${where}${trades.side[n]} ${size} at ${number(trades.entry_price[n], bars.digits)} on ` +
      `${minute(trades.entry_time[n])}, out at ${number(trades.exit_price[n], bars.digits)} after ${held} ` +
      `(${trades.reasons[trades.exit_reason[n]]}${trades.ambiguous[n] ? ", ambiguous" : ""}), ${signed(trades.pnl[n])} (${signed(trades.pnl_percent[n])} %).`;
  }

  function redraw() {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  }

  function draw() {
    const width = box.clientWidth, height = canvas.clientHeight || 460, ratio = devicePixelRatio || 1;
    if (width < 100) return; // not laid out yet: the observer draws again
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    const style = getComputedStyle(root);
    for (const name of ["panel", "grid", "line", "text", "dim", "accent", "up", "down", "up-body", "down-body", "select", "warn", "line-1", "line-2", "line-3", "line-4", "line-5", "line-6"]) colours[name] = style.getPropertyValue(`--${name}`).trim();
    pen.font = "11.5px system-ui, sans-serif";
    pen.fillStyle = colours.panel;
    pen.fillRect(0, 0, width, height);
    if (!bars || !bars.count) return;
    const first = clamp(Math.floor(from), 0, bars.count - 1), last = clamp(Math.ceil(to), first, bars.count - 1);
    const range = priceRange(first, last), right = Math.max(52, pen.measureText(number(range.max, bars.digits)).width + 12);
    const inner = { width: width - right, height: height - 22 };
    box.dataset.plot = inner.width.toFixed(1);
    plot = {
      ...inner, first, last, ...range,
      x: (i) => ((i + 0.5 - from) / (to - from)) * inner.width,
      y: (v) => inner.height * 0.86 - ((v - range.min) / (range.max - range.min)) * inner.height * 0.82,
    };
    grid(width);
    pen.save();
    pen.beginPath();
    pen.rect(0, 0, inner.width, inner.height);
    pen.clip();
    if (picked >= 0) pickedBand();
    layerView.under(pen, plot, bars, colours);
    candles();
    layerView.over(pen, plot, bars, colours);
    drawTrades();
    crosshair();
    pen.restore();
    if (pointer) priceTag(pointer.y);
  }

  function pickedBand() {
    const wide = Math.max(3, plot.width / (to - from));
    pen.fillStyle = colours.accent;
    pen.globalAlpha = 0.16;
    pen.fillRect(plot.x(picked) - wide / 2, 0, wide, plot.height);
    pen.globalAlpha = 1;
  }

  function priceRange(first, last) {
    let min = Infinity, max = -Infinity;
    for (let i = first; i <= last; i++) {
      if (bars.low[i] < min) min = bars.low[i];
      if (bars.high[i] > max) max = bars.high[i];
    }
    if (selected >= 0 && trades.symbol[selected] === market) {
      const close = max - min; // a far stop or target must not squeeze the candles
      for (const v of [trades.stop[selected], trades.target[selected]]) {
        if (v !== null && v > min - close && v < max + close) { min = Math.min(min, v); max = Math.max(max, v); }
      }
    }
    const pad = (max - min) * 0.03 || max * 0.01 || 1;
    return { min: min - pad, max: max + pad };
  }

  function grid(width) {
    const { ticks, digits } = niceTicks(plot.min, plot.max, plot.height / 56);
    pen.strokeStyle = colours.grid;
    pen.fillStyle = colours.dim;
    pen.lineWidth = 1;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    for (const v of ticks) {
      line(0, plot.y(v), plot.width, plot.y(v));
      pen.fillText(number(v, Math.min(Math.max(digits, 0), Math.max(bars.digits, digits))), plot.width + 6, plot.y(v));
    }
    pen.textAlign = "center";
    for (const [at, label] of timeTicks(plot.first, plot.last, (i) => bars.time[i], plot.x, plot.width, 84)) {
      line(at, 0, at, plot.height);
      pen.fillText(label, at, plot.height + 12);
    }
    cutLines();
  }

  function cutLines() {
    pen.strokeStyle = colours.dim;
    pen.setLineDash([2, 4]);
    const seen = bars.cuts.filter((cut) => cut > from && cut < to);
    if (seen.length <= 40) for (const cut of seen) line(plot.x(cut - 0.5), 0, plot.x(cut - 0.5), plot.height);
    pen.setLineDash([]);
  }

  function line(x1, y1, x2, y2) {
    pen.beginPath();
    pen.moveTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
    pen.lineTo(Math.round(x2) + 0.5, Math.round(y2) + 0.5);
    pen.stroke();
  }

  // Candles and volume; several bars become one when they would be narrower than three pixels.
  function candles() {
    const step = Math.max(1, Math.ceil((3 * (to - from)) / plot.width)), body = Math.max(1, (plot.width / (to - from)) * step * 0.68);
    const groups = [];
    let most = 0;
    for (let g = plot.first - (plot.first % step); g <= plot.last; g += step) {
      const end = Math.min(g + step, bars.count) - 1, group = { x: plot.x((g + end) / 2), open: bars.open[g], close: bars.close[end], high: bars.high[g], low: bars.low[g], volume: 0 };
      for (let i = g; i <= end; i++) {
        group.high = Math.max(group.high, bars.high[i]);
        group.low = Math.min(group.low, bars.low[i]);
        group.volume += bars.volume[i];
      }
      most = Math.max(most, group.volume);
      groups.push(group);
    }
    for (const c of groups) {
      pen.strokeStyle = pen.fillStyle = c.close >= c.open ? colours["up-body"] : colours["down-body"];
      pen.globalAlpha = 0.28;
      const tall = most ? (c.volume / most) * plot.height * 0.11 : 0;
      pen.fillRect(c.x - body / 2, plot.height - tall, body, tall);
      pen.globalAlpha = 1;
      line(c.x, plot.y(c.high), c.x, plot.y(c.low));
      const top = plot.y(Math.max(c.open, c.close)), bottom = plot.y(Math.min(c.open, c.close));
      if (body >= 2) pen.fillRect(Math.round(c.x - body / 2) + 0.5, Math.round(top), Math.round(body), Math.max(1, Math.round(bottom - top)));
    }
  }

  // Few trades in view have all marks, many small ones, very many only a dot; the chosen one is drawn last.
  function drawTrades() {
    const seen = (n) => trades.symbol[n] === market && trades.exit_time[n] >= bars.time[plot.first] && trades.entry_time[n] < bars.time[plot.last] + bars.bar_ms;
    const visible = [];
    for (let n = 0; n < tradeCount; n++) if (n !== selected && seen(n)) visible.push(n);
    const size = visible.length > 100 ? 4.5 : 6.5;
    for (const n of visible) {
      const entry = barAt(trades.entry_time[n]), exit = barAt(trades.exit_time[n]);
      if (visible.length > 400) {
        if (entry >= 0) dot(plot.x(entry), plot.y(trades.entry_price[n]), trades.pnl[n] > 0);
        continue;
      }
      if (visible.length <= 100) lifeLines(n, entry, exit);
      marks(n, entry, exit, size);
    }
    if (selected < 0 || !seen(selected)) return;
    const entry = barAt(trades.entry_time[selected]), exit = barAt(trades.exit_time[selected]);
    lifeLines(selected, entry, exit);
    marks(selected, entry, exit, 9);
  }

  function marks(n, entry, exit, size) {
    if (entry >= 0) triangle(plot.x(entry), plot.y(trades.entry_price[n]), trades.side[n] === "long", size);
    if (exit >= 0) cross(plot.x(exit), plot.y(trades.exit_price[n]), trades.pnl[n] > 0, size);
  }

  function dot(x, y, won) {
    pen.fillStyle = won ? colours.up : colours.down;
    pen.fillRect(x - 1.5, y - 1.5, 3, 3);
  }

  function lifeLines(n, entry, exit) {
    const start = entry >= 0 ? plot.x(entry) : 0, end = exit >= 0 ? Math.max(plot.x(exit), start + 6) : plot.width;
    pen.globalAlpha = n === selected ? 1 : 0.55;
    pen.lineWidth = n === selected ? 1.6 : 1;
    pen.setLineDash([5, 4]);
    for (const [value, colour] of [[trades.stop[n], colours.down], [trades.target[n], colours.up]]) {
      if (value === null) continue;
      pen.strokeStyle = colour;
      line(start, plot.y(value), end, plot.y(value));
    }
    pen.setLineDash([1, 3]);
    pen.strokeStyle = trades.pnl[n] > 0 ? colours.up : colours.down;
    pen.beginPath();
    pen.moveTo(start, plot.y(trades.entry_price[n]));
    pen.lineTo(end, plot.y(trades.exit_price[n]));
    pen.stroke();
    pen.setLineDash([]);
    pen.globalAlpha = 1;
    pen.lineWidth = 1;
  }

  // The tip touches the price: from below for a long, from above for a short entry.
  function triangle(x, y, long, size) {
    const way = long ? 1 : -1;
    pen.beginPath();
    pen.moveTo(x, y + way);
    pen.lineTo(x - size, y + way * size * 1.8);
    pen.lineTo(x + size, y + way * size * 1.8);
    pen.closePath();
    pen.fillStyle = long ? colours.up : colours.down;
    pen.strokeStyle = size > 8 ? colours.text : colours.panel;
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
    pen.lineWidth = 1;
  }

  function cross(x, y, won, size) {
    const arm = size * 0.7;
    for (const [width, colour] of [[size * 0.68, colours.panel], [size * 0.34, won ? colours.up : colours.down]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = width;
      pen.beginPath();
      pen.moveTo(x - arm, y - arm);
      pen.lineTo(x + arm, y + arm);
      pen.moveTo(x + arm, y - arm);
      pen.lineTo(x - arm, y + arm);
      pen.stroke();
    }
    pen.lineWidth = 1;
  }

  function crosshair() {
    if (!pointer || pointer.x > plot.width || pointer.y > plot.height) { readout.innerHTML = "&nbsp;"; return; }
    const i = clamp(Math.floor(from + (pointer.x / plot.width) * (to - from)), 0, bars.count - 1);
    pen.strokeStyle = colours.dim;
    pen.setLineDash([3, 3]);
    line(plot.x(i), 0, plot.x(i), plot.height);
    line(0, pointer.y, plot.width, pointer.y);
    pen.setLineDash([]);
    const p = (name) => `<b>${number(bars[name][i], bars.digits)}</b>`, change = 100 * (bars.close[i] / bars.open[i] - 1);
    readout.innerHTML = `<b>${minute(bars.time[i])}</b> &middot; O ${p("open")} H ${p("high")} L ${p("low")} C ${p("close")} ` +
      `<span class="${change >= 0 ? "up" : "down"}">${signed(change)} %</span> &middot; volume <b>${number(bars.volume[i], bars.volume[i] < 100 ? 2 : 0)}</b>`;
  }

  function priceTag(y) {
    if (y > plot.height) return;
    const price = plot.min + ((plot.height * 0.86 - y) / (plot.height * 0.82)) * (plot.max - plot.min);
    pen.fillStyle = colours.accent;
    pen.fillRect(plot.width + 1, y - 9, box.clientWidth - plot.width, 18);
    pen.fillStyle = colours.panel;
    pen.textAlign = "left";
    pen.textBaseline = "middle";
    pen.fillText(number(price, bars.digits), plot.width + 6, y);
  }

  // Input: drag pans, two fingers or the wheel (when the chart has the focus, or with Ctrl) zoom.
  const fingers = new Map();
  const place = (event) => ({ x: event.clientX - box.getBoundingClientRect().left, y: event.clientY - box.getBoundingClientRect().top });
  const spread = () => { const [p, q] = [...fingers.values()]; return Math.max(20, Math.abs(p.x - q.x)); };
  box.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, place(event));
    press = fingers.size === 1 && event.button === 0 ? place(event) : null;
    box.setPointerCapture(event.pointerId);
    box.classList.add("dragging");
  });
  box.addEventListener("pointermove", (event) => {
    pointer = place(event);
    const old = fingers.get(event.pointerId);
    if (!old) { redraw(); return; }
    const wide = fingers.size === 2 ? spread() : 0;
    fingers.set(event.pointerId, pointer);
    if (wide) zoom(wide / spread());
    else show(from - ((pointer.x - old.x) / plot.width) * (to - from), to - ((pointer.x - old.x) / plot.width) * (to - from));
  });
  for (const end of ["pointerup", "pointercancel"]) box.addEventListener(end, (event) => { fingers.delete(event.pointerId); box.classList.remove("dragging"); });
  box.addEventListener("pointerup", (event) => {
    const at = place(event), still = press && Math.hypot(at.x - press.x, at.y - press.y) < 5;
    press = null;
    if (still && plot && at.x <= plot.width) pick(Math.floor(from + (at.x / plot.width) * (to - from)));
  });
  box.addEventListener("pointerleave", () => { pointer = null; redraw(); });
  box.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY);
    if (!sideways && !event.ctrlKey && document.activeElement !== box) return;
    event.preventDefault();
    if (sideways) pan(event.deltaX / plot.width);
    else zoom(event.deltaY > 0 ? 1.15 : 1 / 1.15, from + (place(event).x / plot.width) * (to - from));
  }, { passive: false });

  async function start() {
    if (!pictures.charts.length) return;
    try {
      await (tradeCount ? goTo(0) : choose(0));
      if (!tradeCount) show(from, to);
      draw(); // ready means drawn, not only asked for
      box.dataset.ready = "yes";
    } catch (error) {
      byId("chart-status").textContent = `The candles could not be unpacked by this browser (${error}).`;
    }
  }

  const all = () => show(0, bars.count);
  const step = (way) => {
    const next = selected < 0 ? (way > 0 ? 0 : tradeCount - 1) : clamp(selected + way, 0, tradeCount - 1);
    goTo(next);
  };
  const keys = {
    n: () => step(1), p: () => step(-1), ArrowLeft: (shift) => (shift ? pan(-0.15) : pickNext(-1)), ArrowRight: (shift) => (shift ? pan(0.15) : pickNext(1)),
    ArrowUp: () => zoom(1 / 1.3), ArrowDown: () => zoom(1.3), "+": () => zoom(1 / 1.3), "=": () => zoom(1 / 1.3), "-": () => zoom(1.3), Home: all,
  };
  byId("chart-section").addEventListener("keydown", (event) => {
    if (!bars) return;
    const action = keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    const onlyLetters = event.target !== box && !/^[npNP]$/.test(event.key);
    if (!action || onlyLetters || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SELECT") return;
    event.preventDefault();
    action(event.shiftKey);
  });
  byId("next").addEventListener("click", () => step(1));
  byId("prev").addEventListener("click", () => step(-1));
  byId("zoom-in").addEventListener("click", () => zoom(1 / 1.5));
  byId("zoom-out").addEventListener("click", () => zoom(1.5));
  byId("zoom-all").addEventListener("click", all);
  for (const id of ["next", "prev"]) byId(id).disabled = tradeCount === 0;

  pictures.charts.forEach((chart, k) => byId("market").append(new Option(`${chart.symbol} ${chart.timeframe}`, String(k))));
  byId("market-label").hidden = pictures.charts.length < 2;
  byId("market").addEventListener("change", async (event) => {
    const first = trades.symbol.indexOf(Number(event.target.value));
    if (first >= 0) return goTo(first);
    await choose(Number(event.target.value));
    show(from, to);
  });
  new ResizeObserver(redraw).observe(box);
  document.addEventListener("themechange", () => draw());
  layerView.onChange(redraw);
  return { goTo, follow: (listener) => followers.push(listener), onBar: (listener) => listeners.push(listener), start };
})();
