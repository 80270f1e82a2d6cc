"""The page report.html: what it shows, and how it is put together."""

import shlex
from pathlib import Path
from typing import Any

import jinja2
import msgspec
import numpy as np

from engine.result import EXIT_REASONS, Result
from engine.trade_rows import ROW_COLUMNS, TradeRow, identity
from server.report import figures, series
from server.report.explanations import explanations
from server.report.overlays import overlays

TEMPLATES = Path(__file__).parents[2] / "templates"


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """All that templates/report.html may use."""

    title: str
    description: str
    logic_hash: str
    markets: list[str]
    first: str
    last: str
    days: float
    bars: int
    quote: str
    capital: str
    seconds: float
    synthetic: bool
    path_dependent: bool
    twin_return: str
    notes: list[str]
    headline: list[figures.Figure]
    all_figures: list[figures.Figure]
    months: list[dict[str, Any]]
    strongest_month: float
    groups: dict[str, list[figures.Group]]
    costs: list[tuple[str, str]]
    trades: int
    ambiguous: int
    policy: dict[str, str]
    policy_id: str
    settings: dict[str, str]
    rejected: dict[str, int]
    data: list[dict[str, Any]]
    graph_text: str
    graph_json: str
    command: str
    result_json: str
    picture_json: str
    equity_summary: str
    windowed: bool
    window_pad: int
    curve_buckets: int
    explained: bool
    explain_command: str


def render(result: Result, rows: list[TradeRow]) -> str:
    """The page report.html as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    page = page_of(result, rows)
    return environment.get_template("report.html").render({n: getattr(page, n) for n in Page.__struct_fields__})


def page_of(result: Result, rows: list[TradeRow]) -> Page:
    """Gather what the page shows."""
    graph = msgspec.to_builtins(result.graph)
    curve, charts, months = series.equity_series(result), series.candle_charts(result), series.monthly_returns(result)
    shown, reasons = figures.figures(result), explanations(result)
    layers = overlays(result, charts, [rows for rows, _ in series.chart_rows(result)])
    pictures = {"equity": curve, "charts": charts, "trades": _columns(result, rows), "layers": layers, "why": reasons}
    first = int(min((info.first for info in result.data), default=int(result.time[0])))
    return Page(
        title=graph.get("name") or graph.get("id") or "Back-test",
        description=graph.get("description", ""),
        logic_hash=result.logic_hash,
        markets=[f"{info.symbol} {info.timeframe}" for info in result.data],
        first=figures.utc(first),
        last=figures.utc(int(result.time[-1])),
        days=(int(result.time[-1]) - first) / 86_400_000,
        bars=len(result.time),
        quote=figures.quote_currency(result),
        capital=f"{curve['capital']:,.2f}",
        seconds=result.seconds,
        synthetic=any(info.synthetic for info in result.data),
        path_dependent=figures.path_dependent(result),
        twin_return=figures.show("total_return", result.pessimistic.get("total_return")),
        notes=list(result.notes),
        headline=figures.headline(shown),
        all_figures=shown,
        months=months,
        strongest_month=max((abs(m) for y in months for m in y["months"] if m is not None), default=0) or 1,
        groups=figures.groups(result),
        costs=_costs(result),
        trades=len(rows),
        ambiguous=int(np.count_nonzero(result.trades["ambiguous"])),
        policy={"policy id": result.policy_id, **figures.words(result.policy)},
        policy_id=result.policy_id,
        settings=figures.words(result.settings),
        rejected=result.rejected,
        data=[_data_row(info) for info in result.data],
        graph_text="\n".join(figures.graph_lines(graph)),
        graph_json=msgspec.json.format(msgspec.json.encode(graph), indent=2).decode(),
        command=command_line(result),
        result_json=_for_script(identity(result)),
        picture_json=_for_script(pictures),
        equity_summary=_equity_summary(result, shown),
        windowed=any(chart["pad"] for chart in charts),
        window_pad=min((chart["pad"] for chart in charts if chart["pad"]), default=0),
        curve_buckets=len(curve["t"]),
        explained=reasons is not None,
        explain_command=explain_line(result),
    )


def _for_script(value: Any) -> str:
    """JSON that may stand inside a script element: no `<`, so no closing tag and no comment can begin."""
    text = msgspec.json.encode(value).decode()
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _columns(result: Result, rows: list[TradeRow]) -> dict[str, Any]:
    """Trades column by column, names as indices: a third of the size of rows."""
    columns: dict[str, Any] = {name: [row[name] for row in rows] for name in ROW_COLUMNS}
    columns["symbol"] = result.trades["symbol"].tolist()
    columns["exit_reason"] = result.trades["reason"].tolist()
    columns["reasons"] = [name.replace("_", " ") for name in EXIT_REASONS]
    for name in ("quantity", "entry_price", "exit_price", "stop", "target", "last_stop"):
        columns[name] = [None if v is None else float(f"{v:.10g}") for v in columns[name]]
    for name in ("fees", "funding", "pnl", "pnl_percent", "confidence"):
        columns[name] = [None if v is None else round(v, 6) for v in columns[name]]
    return columns


def _costs(result: Result) -> list[tuple[str, str]]:
    """What trading cost, before and after: quote currency."""
    fees, funding = float(result.trades["fees"].sum()), float(result.trades["funding"].sum())
    net = float(result.trades["pnl"].sum())
    return [
        ("Profit before fees and funding", f"{net + fees - funding:+,.2f}"),
        ("Fees", f"{-fees:+,.2f}"),
        ("Funding (received +, paid -)", f"{funding:+,.2f}"),
        ("Profit of all trades", f"{net:+,.2f}"),
    ]


def _data_row(info: Any) -> dict[str, Any]:
    row = msgspec.to_builtins(info)
    return row | {"first": figures.utc(row["first"]), "last": figures.utc(row["last"])}


def _equity_summary(result: Result, shown: list[figures.Figure]) -> str:
    """The picture in words, for those who cannot see it."""
    by_name = {figure.name: figure.value for figure in shown}
    start, end = series.capital_of(result), float(result.equity[-1])
    return (
        f"Equity goes from {start:,.2f} to {end:,.2f}, between {result.equity.min():,.2f} and "
        f"{result.equity.max():,.2f}; deepest drawdown {by_name.get('max_drawdown', figures.UNDEFINED)}."
    )


def explain_line(result: Result) -> str:
    """The command that explains a bar of this run, without its time."""
    words = shlex.split(command_line(result))
    kept = ["tradegraph", "explain"]
    skip = 0
    for word in words[2:]:
        skip = 2 if word == "--out" else skip
        if skip or word == "--json" or word.startswith("--out="):
            skip = max(0, skip - 1)
            continue
        kept.append(word)
    return f"{shlex.join(kept)} --at"


def command_line(result: Result) -> str:
    """The command that repeats the run: `settings["command"]` if the command line left it there, else rebuilt."""
    given = result.settings.get("command")
    if given:
        return given if isinstance(given, str) else shlex.join(given)
    words = ["tradegraph", "backtest", "graph.json"]
    for info in result.data:
        is_file = info.origin.endswith((".csv", ".csv.gz", ".parquet"))
        words += ["--candles", info.origin if is_file else f"{info.symbol}_{info.timeframe}.csv"]
    for name, value in result.settings.items():
        if isinstance(value, str | int | float) and not isinstance(value, bool):
            words += [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(words)
