// The chart library as the candle charts use it: series, axes in UTC, colours of the page.

import { CandlestickSeries, createChart, CrosshairMode, HistogramSeries } from "../../vendor/lightweight-charts.mjs";
import { grouped, instant } from "./words.js";

const VOLUME_TOP = 0.84; // share of the pane above the volume
const FAINT = "66"; // opacity of the volume, as hex

/** @param {HTMLElement} place */
export function makeChart(place) {
  const chart = createChart(place, {
    autoSize: true,
    // The page says whose library it is: the library's own logo needs a <style>, which the security policy forbids.
    layout: { attributionLogo: false, background: { color: "transparent" }, fontFamily: "system-ui, sans-serif", fontSize: 12, panes: { enableResize: true } },
    crosshair: { mode: CrosshairMode.Normal },
    timeScale: { timeVisible: true, secondsVisible: false, minBarSpacing: 0.5, rightOffset: 4, shiftVisibleRangeOnNewBar: false },
    localization: { locale: "en-US", timeFormatter: (seconds) => instant(1000 * seconds) },
    kineticScroll: { touch: false, mouse: false }, // a glide that bars are added under would jump
  });
  const candles = chart.addSeries(CandlestickSeries, { borderVisible: false, lastValueVisible: false, priceLineVisible: false });
  candles.priceScale().applyOptions({ scaleMargins: { top: 0.08, bottom: 0.2 } });
  const volume = chart.addSeries(HistogramSeries, { priceScaleId: "", priceFormat: { type: "volume" }, lastValueVisible: false, priceLineVisible: false });
  volume.priceScale().applyOptions({ scaleMargins: { top: VOLUME_TOP, bottom: 0 } });
  return { chart, candles, volume };
}

/** Gives the chart the bars of a window. */
export function fill({ candles, volume }, bars, colours) {
  candles.setData(bars.time.map((time, at) => ({
    time: time / 1000, open: bars.open[at], high: bars.high[at], low: bars.low[at], close: bars.close[at],
  })));
  volume.setData(bars.time.map((time, at) => ({
    time: time / 1000, value: bars.volume[at], color: (bars.close[at] < bars.open[at] ? colours.down : colours.up) + FAINT,
  })));
}

/** @param {Record<string, string>} colours */
export function paint({ chart, candles }, colours) {
  chart.applyOptions({
    layout: { textColor: colours.muted, panes: { separatorColor: colours.line, separatorHoverColor: colours.accent } },
    grid: { vertLines: { color: colours.grid }, horzLines: { color: colours.grid } },
    rightPriceScale: { borderColor: colours.line },
    timeScale: { borderColor: colours.line },
    crosshair: {
      vertLine: { color: colours.muted, labelBackgroundColor: colours.accent },
      horzLine: { color: colours.muted, labelBackgroundColor: colours.accent },
    },
  });
  candles.applyOptions({ upColor: colours.up, wickUpColor: colours.up, downColor: colours.down, wickDownColor: colours.down });
}

/** @param {number} decimals */
export function setDecimals({ candles }, decimals) {
  candles.applyOptions({
    priceFormat: { type: "custom", minMove: 10 ** -decimals, formatter: (price) => grouped(price, decimals) },
  });
}
