// The keys of a candle chart.

const FAR = 10; // bars that Shift and an arrow go
const ZOOM = 1.35;

/** @param {any} chart @param {KeyboardEvent} event */
export function keyed(chart, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const act = ACTIONS[event.key];
  if (!act) return;
  event.preventDefault();
  act(chart, event.shiftKey ? FAR : 1);
}

const from = (chart) => {
  if (chart.cursor !== null) return chart.cursor;
  const last = chart.view ? Math.round(chart.view.to) : chart.source.bars;
  return Math.min(last, chart.source.bars);
};

const ACTIONS = {
  ArrowLeft: (chart, bars) => chart.step(from(chart) - bars),
  ArrowRight: (chart, bars) => chart.step(from(chart) + bars),
  Home: (chart) => chart.step(0),
  End: (chart) => chart.step(chart.source.bars - 1),
  "+": (chart) => chart.zoom(1 / ZOOM),
  "=": (chart) => chart.zoom(1 / ZOOM),
  "-": (chart) => chart.zoom(ZOOM),
  "_": (chart) => chart.zoom(ZOOM),
};
