"""The form that starts a back-test: what stands in it, what it asks for, and what is said before it runs."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from engine.document import Graph, with_params
from engine.errors import EngineError, InputError
from engine.matching.policy import POLICIES, Policy, policy_named
from engine.timeframe import duration
from engine.validate import Report
from server.backtests.ask import Ask
from server.backtests.gather import Chosen
from server.graph_checks import graph_of, report_of
from server.store.backtests import StoredBacktest
from server.store.series import FUNDING, Stored

PARAM, RULE = "param.", "rule."
CAPITAL = "10000"
# What each fill rule is, in the words of the form, and what it may be where that is a choice.
RULES: dict[str, tuple[str, tuple[str, ...]]] = {
    "maker_fee": ("Maker fee (share of the notional)", ()),
    "taker_fee": ("Taker fee (share of the notional)", ()),
    "slippage": ("Slippage of market and stop orders (share of the price)", ()),
    "slippage_ticks": ("Slippage in ticks, on top", ()),
    "limit_through_ticks": ("Ticks beyond a limit that fill it (0 = a touch fills)", ()),
    "volume_cap": ("Most of a bar's volume that is taken (share, 0 = no cap)", ()),
    "latency_ms": ("Latency of orders (ms)", ()),
    "path": ("Order of prices inside a bar", ("adaptive", "pessimistic", "optimistic")),
    "size_at": ("Size orders with the equity at", ("decision", "fill")),
    "short_margin": ("Where margin is short", ("reduce", "reject")),
    "at_end": ("Open positions at the end", ("keep", "close", "open")),
    "liquidation": ("Liquidation", ("bybit", "bybit_classic", "off")),
    "funding": ("Funding", ("applied", "off")),
}
_FEES = ("maker_fee", "taker_fee")
assert set(RULES) == {name for name in Policy.__struct_fields__ if name != "name"}


class Field(msgspec.Struct, frozen=True):
    """An input of the form: a text field, or a choice where there are `options`."""

    name: str
    title: str
    value: str
    hint: str = ""
    options: tuple[str, ...] = ()


class Filled(msgspec.Struct, kw_only=True):
    """What stands in the form."""

    graph: str = ""
    revision: str = ""
    markets: list[str] = []
    finer: str = ""
    start: str = ""
    end: str = ""
    capital: str = CAPITAL
    policy: str = "bybit_linear"
    name: str = ""
    params: dict[str, str] = {}
    rules: dict[str, str] = {}


def filled(form: Any) -> Filled:
    """What a form, or the address of the page, holds.  `form` has `get` and `getall`."""
    names = ("graph", "revision", "finer", "start", "end", "capital", "policy", "name")
    given: dict[str, Any] = {name: str(form.get(name) or "").strip() for name in names}
    made = Filled(**{name: value for name, value in given.items() if value}, markets=[*form.getall("market", [])])
    for key in form:
        value = str(form.get(key) or "").strip()
        for prefix, into in ((PARAM, made.params), (RULE, made.rules)):
            if key.startswith(prefix) and value:
                into[key.removeprefix(prefix)] = value
    return made


def from_run(run: StoredBacktest) -> Filled:
    """The form as it was for an older back-test."""
    ask = msgspec.convert(run.request, Ask)
    return Filled(
        graph=ask.graph, revision=str(ask.revision or ""), markets=[f"{m.symbol}:{m.timeframe}" for m in ask.markets],
        finer=ask.markets[0].finer, start=_date(ask.start), end=_date(ask.end), capital=f"{ask.capital:.12g}",
        policy=ask.policy, params={name: _text(v) for name, v in ask.params.items()},
        rules={name: _text(v) for name, v in ask.rules.items()},
    )  # fmt: skip


def ask_of(form: Filled) -> Ask:
    """What the form asks for.  Raises InputError that names the field."""
    if not form.markets:
        raise InputError("no candles are chosen; tick at least one market")
    policy = policy_named(form.policy)
    rules = {name: value for name, text in form.rules.items() if (value := _value(text)) != getattr(policy, name, None)}
    values = {
        "graph": form.graph, "revision": _whole(form.revision, "revision"),
        "markets": [_market(name, form.finer) for name in form.markets], "capital": _number(form.capital, "capital"),
        "policy": form.policy, "from": instant(form.start, "from"), "to": instant(form.end, "to"),
        "rules": rules, "params": {name: _value(text) for name, text in form.params.items()}, "name": form.name[:200],
    }  # fmt: skip
    try:
        return msgspec.convert(values, Ask)
    except msgspec.ValidationError as error:
        raise InputError(f"the form cannot be read: {error}") from None


def _market(name: str, finer: str) -> dict[str, str]:
    symbol, _, timeframe = name.partition(":")
    return {"symbol": symbol, "timeframe": timeframe, "finer": finer}


def _value(text: str) -> Any:
    """A value as it is meant: JSON where it is JSON, else text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError):
        return text


def _number(text: str, what: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise InputError(f"{what} {text!r} is not a number; write one such as 10000") from None


def _whole(text: str, what: str) -> int | None:
    if text and not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InputError(f"{what} {text!r} is not a whole number")
    return int(text) if text else None


def instant(text: str, what: str) -> int | None:
    """A date of the form in ms UTC."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(f"{what} {text!r} is not a date; write 2024-01-31 or 2024-01-31T12:00 (UTC)") from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _date(ms: int | None) -> str:
    return "" if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def parameters_of(graph: Graph, given: Mapping[str, str]) -> list[Field]:
    """The graph's parameters with their titles and values."""
    nodes = {node.id: node for node in graph.nodes}
    out: list[Field] = []
    for parameter in graph.parameters:
        node, _, param = parameter.to[0].partition(".")
        value = nodes[node].params.get(param) if node in nodes else None
        shown = given.get(parameter.name, _text(value))
        out.append(Field(PARAM + parameter.name, parameter.title or parameter.name, shown, parameter.description))
    return out


def rules_of(policy: str, given: Mapping[str, str]) -> tuple[list[Field], list[Field]]:
    """Fees, and all further fill rules, as the policy has them unless something else was given."""
    settings = msgspec.structs.asdict(POLICIES.get(policy, POLICIES["bybit_linear"]))
    fields = [
        Field(RULE + name, title, given.get(name, _text(settings[name])), "", options)
        for name, (title, options) in RULES.items()
    ]
    fees = [field for field in fields if field.name.removeprefix(RULE) in _FEES]
    return fees, [field for field in fields if field not in fees]


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What is said before the run: problems, the span of the candles, bars in the range, bars of warm-up."""

    problems: list[tuple[str, str, str]] = []  # severity, where, message
    error: str = ""
    timeframe: str = ""
    first: int = 0
    last: int = 0
    bars: int = 0
    warmup: int = 0
    context: list[str] = []


def preview(document: str, form: Filled, stored: Sequence[Stored]) -> Preview:
    """Checks the graph for the chosen candles, without reading any of them."""
    try:
        ask = ask_of(form)
        ask.check()
        graph = with_params(graph_of(document), ask.params)
        chosen = Chosen(graph, ask.markets)
        report = report_of(document, "backtest", chosen.timeframe)
        return _preview(ask, chosen, report, stored)
    except (EngineError, KeyError) as error:
        return Preview(error=str(error))


def _preview(ask: Ask, chosen: Chosen, report: Report, stored: Sequence[Stored]) -> Preview:
    have = {(one.symbol, one.timeframe): one for one in stored}
    series = [have[key] for m in chosen.bases if (key := (m.symbol, m.timeframe)) in have]
    if not series:
        return Preview(error="these candles are not stored any more; choose others")
    length = duration(chosen.timeframe)
    first, last = min(s.first for s in series), max(s.last for s in series) + length
    start, end = max(first, ask.start or first), min(last, ask.end or last)
    warmup = max(report.derived.warmup_bars.values(), default=0)
    problems = [(i.severity, i.node or "", i.message) for i in report.issues]
    bars = max(0, (end - start) // length)
    if start == first:
        bars = max(0, bars - warmup)
    if not bars:
        problems.append(("warning", "", f"no bar is left after {warmup} bars of warm-up; choose a longer range"))
    return Preview(
        problems=problems, timeframe=chosen.timeframe, first=first, last=last, bars=bars, warmup=warmup,
        context=[f"{symbol} {timeframe}" for symbol, timeframe in chosen.context(stored)],
    )  # fmt: skip


def candles_to_choose(stored: Sequence[Stored]) -> list[Stored]:
    """Series of candles, without funding rates."""
    return [one for one in stored if one.timeframe != FUNDING]


def first_choice(stored: Sequence[Stored]) -> list[str]:
    """A sensible market: hours if there are some, else the longest series."""
    if not stored:
        return []
    best = max(stored, key=lambda one: (one.timeframe == "1h", not one.synthetic, one.rows))
    return [f"{best.symbol}:{best.timeframe}"]
