"""What the graph saw, drawn on the candles: areas, swings, labels, and lines in the unit of the price.

Budget: `AREAS` boxes, `MARKS` swing marks and `SPANS` label spans per layer, those nearest to trades, and per market
lines of at most `LINE_POINTS` bars together: 10 to 25 bytes of the file each, 2 to 3 a point of a line.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.candles import Candles
from engine.columns import ColumnPass
from engine.explain import trace_of
from engine.explain.names import Names
from engine.plan import SOURCE, Step
from engine.result import Result
from engine.values import Labels, Zones
from server.report.packing import Rows, packed, packed_json

AREAS, MARKS, SPANS = 2_000, 4_000, 2_000
LINE_POINTS, MOST_LINES = 300_000, 8
_LINES_ON = 4  # shown without being asked for
_SWINGS = {
    "higher_high": ("HH", 1), "lower_high": ("LH", 1), "higher_low": ("HL", -1), "lower_low": ("LL", -1),
}  # fmt: skip
_BACK = 200  # bars that are searched for the bar of a swing
_QUIET = (SOURCE, "time.resample", "math.constant", "structure.pivots")  # what they give is seen without lines
_NO_SPANS = ("structure.labels", "time.align_label")  # drawn as marks, or where they come from


class Overlays:
    """The overlays of one market; instants are ms UTC, of the opening of bars."""

    def __init__(self, result: Result, market: int, chart: dict[str, Any], rows: Rows) -> None:
        trace: Any = trace_of(result, market)
        self.leg = market >= len(result.traces)  # traded by the graph of another market
        self.one: ColumnPass = trace.columns
        self.candles: Candles = result.candles[market]
        self.chart, self.rows = chart, rows
        self.names = Names(trace.plan, result.graph, self.one.supply.base.timeframe)
        trades = result.trades[result.trades["symbol"] == market]
        self.instants = np.unique(np.concatenate([trades["entry_time"], trades["exit_time"]]))
        self.first = int(self.candles.time[rows[0]]) if len(rows) else 0

    def all(self) -> list[dict[str, Any]]:
        """Layers in the order of the graph: {kind, name, group, on, ...}.

        Areas and swings are those of the market that decides; on the chart of its leg they would lie in no price.
        """
        own = [] if self.leg else [*self._areas(), *self._marks()]
        return [*own, *self._spans(), *self._lines()]

    def _ports(self, kind: str) -> Iterator[tuple[Step, str, int, Any]]:
        for slot, (step, port, found) in self.names.owner.items():
            value = self.one.values[slot]
            if found == kind and value is not None:
                yield step, port, slot, value

    def _layer(
        self, kind: str, slot: int, on: bool, items: list[Any] | None = None, most: int = 0, **data: Any
    ) -> dict[str, Any]:
        step = self.names.owner[slot][0]
        drawn: dict[str, Any] = {}
        if items is not None:
            kept = self._nearest(items, most)
            drawn = {"items": packed_json(kept), "left_out": len(items) - len(kept)}
        group = self.names.group(step.id)
        return {"kind": kind, "name": self.names.of_slot(slot), "group": group, "on": on, **drawn, **data}

    def _nearest(self, items: list[Any], most: int) -> list[Any]:
        """The items nearest to an entry or exit, without trades the latest; they begin with their instant."""
        if len(items) <= most:
            return items
        if not len(self.instants):
            return items[-most:]
        times = np.array([item[0] for item in items])
        after = np.searchsorted(self.instants, times)
        ahead = np.abs(self.instants[np.minimum(after, len(self.instants) - 1)] - times)
        behind = np.abs(times - self.instants[np.maximum(after - 1, 0)])
        kept = np.lexsort((-times, np.minimum(ahead, behind)))[:most]
        return [items[i] for i in np.sort(kept).tolist()]

    # --- areas -----------------------------------------------------------------------------------------------------

    def _areas(self) -> Iterator[dict[str, Any]]:
        for step, _, slot, zones in self._ports("zones"):
            if not isinstance(zones, Zones) or step.tag.startswith("time.align"):
                continue  # the areas of another clock are drawn as that clock knew them
            boxes = self._boxes(zones, self.one.supply.clock(self.names.clock(slot)))
            if boxes:
                own = step.clock == self.one.supply.base.timeframe
                yield self._layer("areas", slot, own, boxes, AREAS)

    def _boxes(self, zones: Zones, clock: Candles) -> list[list[float]]:
        """[from, to, low, high, kind, touches]; versions of an area that differ in touches only are one box."""
        closes, known = clock.close_time, len(clock)
        open_boxes: dict[tuple[int, float, float, int], list[float]] = {}
        out: list[list[float]] = []
        for i in range(len(zones.since)):
            since, until = int(zones.since[i]), int(zones.until[i])
            start = int(closes[since])
            end = int(closes[until]) if until < known else int(closes[-1])
            if end < self.first:
                continue
            low, high, kind = float(zones.low[i]), float(zones.high[i]), int(zones.kind[i])
            key = (int(zones.born[i]), low, high, kind)
            box = open_boxes.get(key)
            if box is not None and box[1] == start:
                box[1], box[5] = end, int(zones.touches[i])
                continue
            box = [start, end, float(f"{low:.8g}"), float(f"{high:.8g}"), kind, int(zones.touches[i])]
            open_boxes[key] = box
            out.append(box)
        return out

    # --- swings and labels -----------------------------------------------------------------------------------------

    def _marks(self) -> Iterator[dict[str, Any]]:
        named = {step.clock for step in self.names.steps.values() if step.tag == "structure.labels"}
        for step in self.names.steps.values():
            if step.tag == "structure.labels":
                marks = [m for port, (text, side) in _SWINGS.items() for m in self._swings(step, port, text, side)]
            elif step.tag == "structure.pivots" and step.clock not in named:
                marks = [*self._pivots(step, "high", 1), *self._pivots(step, "low", -1)]
            else:
                continue
            if marks:
                marks.sort()
                own = step.clock == self.one.supply.base.timeframe
                yield self._layer("marks", step.slots[0], own, marks, MARKS)

    def _swings(self, step: Step, port: str, text: str, side: int) -> Iterator[list[Any]]:
        """[instant, price, side, text] of each swing, at its own bar."""
        price = self.one.values[dict(step.args)["high" if side > 0 else "low"]]
        known = np.flatnonzero(self._output(step, port) == 1)
        clock = self.one.supply.clock(step.clock)
        column = clock.high if side > 0 else clock.low
        for row in known.tolist():
            value = float(price[row])
            found = np.flatnonzero(column[max(0, row - _BACK) : row + 1] == value)
            at = max(0, row - _BACK) + int(found[-1]) if len(found) else row
            if clock.time[at] >= self.first:
                yield [int(clock.time[at]), value, side, text]

    def _pivots(self, step: Step, port: str, side: int) -> Iterator[list[Any]]:
        price, clock = self._output(step, f"{port}_price"), self.one.supply.clock(step.clock)
        for row in np.flatnonzero(self._output(step, port) == 1).tolist():
            at = max(0, row - step.node.right)
            if clock.time[at] >= self.first:
                yield [int(clock.time[at]), float(price[row]), side, ""]

    def _output(self, step: Step, port: str) -> NDArray[Any]:
        return self.one.values[step.slots[step.ports.index(port)]]

    def _spans(self) -> Iterator[dict[str, Any]]:
        """Labels that last, as a ribbon: [from, to, name]."""
        for step, port, slot, labels in self._ports("label"):
            if step.tag in _NO_SPANS or not isinstance(labels, Labels) or not len(labels):
                continue
            clock = self.one.supply.clock(self.names.clock(slot))
            starts = np.concatenate(([0], np.flatnonzero(np.diff(labels.codes)) + 1))
            ends = np.append(starts[1:], len(labels)) - 1
            spans = [
                [int(clock.time[a]), int(clock.close_time[b]), int(labels.codes[a])]
                for a, b in zip(starts.tolist(), ends.tolist(), strict=True)
                if labels.codes[a] >= 0 and clock.close_time[b] >= self.first
            ]
            if spans:
                own = clock.timeframe == self.one.supply.base.timeframe and port == "out"
                yield self._layer("spans", slot, own, spans, SPANS, names=list(labels.names))

    # --- lines -----------------------------------------------------------------------------------------------------

    def _read_by(self, *categories: str) -> set[int]:
        """Slots that nodes of some categories read."""
        readers = (step for step in self.names.steps.values() if step.tag.startswith(categories))
        return {slot for step in readers for _, slot in step.args}

    def _lines(self) -> Iterator[dict[str, Any]]:
        """Numbers in the unit of the price: those that stops and targets read first, then those that are compared."""
        base = self.one.supply.base
        if not len(self.rows):
            return
        at = np.searchsorted(base.close_time, self.candles.close_time, side="right") - 1
        levels, compared = self._read_by("stop.", "target."), self._read_by("compare.", "time.align")
        found: list[tuple[int, int, NDArray[np.float64]]] = []
        for step, _, slot, column in self._ports("number"):
            if self.names.clock(slot) != base.timeframe or step.tag in _QUIET or column.strides == (0,):
                continue
            line = np.where(at < 0, np.nan, column[np.maximum(at, 0)])
            if _is_price(line, self.candles):
                rank = 0 if slot in levels else 1 if slot in compared else 2
                found.append((rank, slot, line[self.rows]))
        most = max(1, min(MOST_LINES, LINE_POINTS // len(self.rows)))
        for number, (rank, slot, line) in enumerate(sorted(found, key=lambda f: f[:2])[:most]):
            yield self._layer("line", slot, rank < 2 and number < _LINES_ON, **self._packed_line(line))

    def _packed_line(self, line: NDArray[np.float64]) -> dict[str, Any]:
        """Steps in units of the chart's price; where the value is unknown the last one stands and `gaps` say so."""
        known = np.isfinite(line)
        unit = self.chart["unit"]
        units = np.clip(np.round(np.where(known, line, 0) / unit), 0, 2**31 - 1).astype(np.int64)
        last = np.maximum.accumulate(np.where(known, np.arange(len(line)), 0))
        held = units[last]
        edges = np.flatnonzero(np.diff(np.concatenate(([False], ~known, [False])).astype(np.int8)))
        steps = np.diff(held, prepend=0)
        return {"steps": packed(steps), "gaps": edges.tolist(), "rests": bool((steps == 0).mean() > 0.5)}


def _is_price(column: NDArray[np.float64], candles: Candles) -> bool:
    """Whether a number lives where the price does: within a factor of two at nine of ten bars, and it moves."""
    known = np.isfinite(column) & np.isfinite(candles.close) & (candles.close > 0)
    if not known.any():
        return False
    ratio = column[known] / candles.close[known]
    return bool(((ratio > 0.5) & (ratio < 2)).mean() > 0.9) and bool(np.ptp(column[known]) > 0)


def overlays(result: Result, charts: list[dict[str, Any]], rows: list[Rows]) -> list[list[dict[str, Any]]]:
    """The layers of each market; none where the result kept no trace."""
    if not result.traces:
        return [[] for _ in charts]
    return [Overlays(result, market, chart, rows[market]).all() for market, chart in enumerate(charts)]
