// Candles from the packed form in which the page holds them.
// Numbers of a packed column: zlib over little-endian int16 or int32 (see server/report/series.py).
async function unzip(column) {
  const bytes = Uint8Array.from(atob(column.data), (c) => c.charCodeAt(0));
  const buffer = await new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).arrayBuffer();
  return column.bits === 16 ? new Int16Array(buffer) : new Int32Array(buffer);
}

// A packed JSON value: zlib over text.
async function unzipJson(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"))).json();
}

// Bars of one market; `cuts` are the positions where bars are missing before.
async function unpack(chart) {
  const [open, high, low, close, volume] = await Promise.all(["open", "high", "low", "close", "volume"].map((name) => unzip(chart[name])));
  const count = close.length, time = new Float64Array(count), cuts = [];
  const bars = { time, cuts, count, open: new Float64Array(count), high: new Float64Array(count), low: new Float64Array(count), close: new Float64Array(count), volume: new Float64Array(count) };
  let at = 0, last = chart.base;
  for (const [start, length] of chart.segments) {
    if (at) cuts.push(at);
    for (let k = 0; k < length; k++) time[at++] = start + k * chart.bar_ms;
  }
  for (let i = 0; i < count; i++) {
    const begin = last + open[i], end = last + close[i];
    last = end;
    bars.open[i] = begin * chart.unit;
    bars.close[i] = end * chart.unit;
    bars.high[i] = (Math.max(begin, end) + high[i]) * chart.unit;
    bars.low[i] = (Math.min(begin, end) - low[i]) * chart.unit;
    bars.volume[i] = volume[i] ? chart.most * Math.exp((volume[i] - 4000) / 200) : 0;
  }
  const tick = String(chart.tick), tiny = /e-(\d+)$/.exec(tick), top = bars.high.reduce((a, b) => Math.max(a, b), 0);
  const digits = tiny ? Number(tiny[1]) : chart.tick ? (tick.split(".")[1] || "").length : clamp(5 - Math.floor(Math.log10(top || 1)), 2, 8);
  return { ...chart, ...bars, digits };
}
