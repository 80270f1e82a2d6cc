// The shapes of marks, drawn alike on the canvas and in the legend: told apart by form, not by colour alone.

export const KINDS = ["signal", "entry", "stop", "target", "exit"];

/** Names of the palette's colours. */
const COLOURS = { signal: "warn", entry: "accent", stop: "bad", target: "good", exit: "text" };

export const colourOf = (kind) => COLOURS[kind];

/**
 * Draws a mark whose point is at x, y.
 * @param {CanvasRenderingContext2D} context with fill and stroke in the mark's colour
 * @param {string} kind
 * @param {boolean} isShort
 */
export function drawShape(context, kind, x, y, isShort) {
  const turn = isShort ? -1 : 1; // a long mark stands below its point, a short one above
  context.beginPath();
  if (kind === "signal") {
    path(context, [[x, y], [x + 4.5, y + 5 * turn], [x, y + 10 * turn], [x - 4.5, y + 5 * turn]]);
    context.stroke();
  } else if (kind === "entry") {
    path(context, [[x, y], [x + 6, y + 10 * turn], [x - 6, y + 10 * turn]]);
    context.fill();
  } else if (kind === "exit") {
    for (const side of [-1, 1]) {
      context.moveTo(x - 5, y - 5 * side);
      context.lineTo(x + 5, y + 5 * side);
    }
    context.stroke();
  } else {
    context.moveTo(x - 9, y);
    context.lineTo(x + 9, y);
    context.stroke();
    context.beginPath();
    if (kind === "stop") context.rect(x - 3, y - 3, 6, 6);
    else context.arc(x, y, 3.5, 0, 2 * Math.PI);
    context.fill();
  }
}

function path(context, points) {
  points.forEach(([x, y], at) => (at ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.closePath();
}

/** The same shapes for the legend, as the inside of an SVG of 20 by 14. */
export const LEGEND = {
  signal: [["path", { d: "M10 2l4.5 5-4.5 5-4.5-5z", fill: "none", stroke: "currentColor", "stroke-width": "2" }]],
  entry: [["path", { d: "M10 2l6 10H4z", fill: "currentColor" }]],
  stop: [["path", { d: "M1 7h18", stroke: "currentColor", "stroke-width": "2" }], ["path", { d: "M7 4h6v6H7z", fill: "currentColor" }]],
  target: [["path", { d: "M1 7h18", stroke: "currentColor", "stroke-width": "2" }], ["circle", { cx: "10", cy: "7", r: "3.5", fill: "currentColor" }]],
  exit: [["path", { d: "M5 2l10 10M5 12L15 2", stroke: "currentColor", "stroke-width": "2.2" }]],
};
