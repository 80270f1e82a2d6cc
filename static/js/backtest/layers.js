// What the outputs of a node look like on the candles.

const NUMBER = "-?[\\d,]*\\.?\\d+(?:e[+-]?\\d+)?";
const AREA = new RegExp(`(${NUMBER}) to (${NUMBER}) \\((\\d+) touch`, "g");
const NEAR = 0.3; // share of the price by which a line may leave the range of the candles
const LEVEL = new RegExp(`(entry|stop|target) (${NUMBER})`, "g");

/**
 * @typedef {{id: string, title: string, kind: "line"|"shade"|"areas"|"ticks", own: boolean, points: any[]}} Layer
 * `own`: a line in a pane of its own, since its values are no prices.
 */

/**
 * The layers of one wire out of the chunks that are here; wires without a picture (rules, texts) have none.
 * @param {import("./trace_store.js").Wire} wire
 * @param {string} title
 * @param {import("./trace_store.js").Chunk[]} chunks in order
 * @param {import("./clock.js").Clock} clock
 * @param {[number, number]} range lowest and highest price of the candles that are here
 * @returns {Layer[]}
 */
export function layersOf(wire, title, chunks, clock, range) {
  const name = wire.wire;
  const make = (kind, points, id = name, text = title, own = false) => ({ id, title: text, kind, own, points });
  switch (wire.kind) {
    case "number": {
      const points = line(chunks, name, clock);
      return [make("line", points, name, title, !isPrice(points, range))];
    }
    case "flag":
    case "direction":
      return [make("shade", shades(chunks, name, clock, (value) => value))];
    case "zones":
      return [make("areas", areas(chunks, name, clock))];
    case "signal":
      return [
        make("shade", shades(chunks, name, clock, side)),
        make("ticks", ["stop", "target"].flatMap((level) => levels(chunks, name, clock, level)), `${name}:levels`),
      ];
    default:
      return [];
  }
}

/** Points of a line; where nothing is known or a chunk is missing there is a hole, not a bridge. */
function line(chunks, name, clock) {
  return broken(chunks, clock, (chunk, offset) => chunk.wires[name].v[offset]);
}

function broken(chunks, clock, read) {
  const points = [];
  let next = null;
  for (const chunk of chunks) {
    if (next !== null && chunk.first > next) points.push({ time: clock.time(next), value: null });
    for (let offset = 0; offset < chunk.rows; offset += 1) {
      points.push({ time: clock.time(chunk.first + offset), value: read(chunk, offset) ?? null });
    }
    next = chunk.first + chunk.rows;
  }
  return points;
}

/** Bars at which a flag is true or a direction is up (1) or down (-1). */
function shades(chunks, name, clock, read) {
  const points = [];
  for (const chunk of chunks) {
    const column = chunk.wires[name];
    const add = (offset, value) => { if (value) points.push({ time: clock.time(chunk.first + offset), value }); };
    if (column.v) column.v.forEach((value, offset) => add(offset, read(value)));
    else eachRun(chunk, column.runs, (from, to, text) => {
      const value = read(text);
      for (let offset = from; value && offset < to; offset += 1) add(offset, value);
    });
  }
  return points;
}

const side = (text) => (text.startsWith("long") ? 1 : text.startsWith("short") ? -1 : 0);

/** Price areas as boxes {from, to, low, high, touches}; one that lives on into the next run is one box. */
function areas(chunks, name, clock) {
  const boxes = [], open = new Map();
  for (const chunk of chunks) {
    eachRun(chunk, chunk.wires[name].runs, (from, to, text) => {
      const start = clock.time(chunk.first + from), end = clock.time(chunk.first + to - 1) + clock.barMs;
      for (const [, low, high, touches] of text.matchAll(AREA)) {
        const key = `${low} ${high}`, box = open.get(key);
        if (box && box.to === start) Object.assign(box, { to: end, touches: Number(touches) });
        else {
          const made = { from: start, to: end, low: plain(low), high: plain(high), touches: Number(touches) };
          open.set(key, made);
          boxes.push(made);
        }
      }
    });
  }
  return boxes;
}

/** A level of a signal at the bars where there is one. */
function levels(chunks, name, clock, level) {
  const points = [];
  for (const chunk of chunks) {
    eachRun(chunk, chunk.wires[name].runs, (from, to, text) => {
      const found = [...text.matchAll(LEVEL)].find(([, word]) => word === level);
      for (let offset = from; found && offset < to; offset += 1) {
        points.push({ time: clock.time(chunk.first + offset), value: plain(found[2]) });
      }
    });
  }
  return points;
}

function eachRun(chunk, runs, use) {
  runs.forEach(([from, text], at) => use(from, runs[at + 1]?.[0] ?? chunk.rows, String(text ?? "")));
}

const plain = (text) => Number(text.replaceAll(",", ""));

/** Whether values can be read on the price scale: the middle half of them lies near the candles. */
function isPrice(points, [low, high]) {
  const known = points.filter(({ value }) => value !== null).map(({ value }) => value).sort((a, b) => a - b);
  if (!known.length) return true;
  const middle = [known[known.length >> 2], known[(known.length * 3) >> 2]];
  return middle.every((value) => value > low * (1 - NEAR) && value < high * (1 + NEAR));
}
