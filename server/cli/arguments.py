"""The commands and their options."""

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from engine.errors import InputError


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; see `{self.prog} --help`")


def parse(argv: list[str]) -> argparse.Namespace:
    """Options of a command line; `run` is the command's function.  Raises InputError for wrong usage."""
    parser = _Parser(
        prog="tradegraph", description="Node-graph strategy engine: draw, back-test, trade.", allow_abbrev=False
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_nodes, _validate, _backtest, _explain, _prove, _parity, _candles, _serve, _db, _user, _doctor, _demo):
        add(commands)
    return parser.parse_args(argv)


def _command(commands: Any, name: str, text: str, module: str, function: str = "run") -> Any:
    command = commands.add_parser(name, help=text, description=text, allow_abbrev=False)
    command.set_defaults(run=_lazy(module, function))
    return command


def _lazy(module: str, function: str) -> Callable[[argparse.Namespace], int]:
    def run(options: argparse.Namespace) -> int:
        return getattr(import_module(f"server.cli.{module}"), function)(options)

    return run


def _json(command: Any) -> None:
    command.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _nodes(commands: Any) -> None:
    command = _command(commands, "nodes", "The catalogue of node types, or one of them.", "nodes")
    command.add_argument("type", nargs="?", metavar="TYPE", help="a node type such as indicator.ema")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--schema", action="store_true", help="print JSON Schema of the graph document and catalogue")
    form.add_argument("--markdown", action="store_true", help="print the catalogue as a page of Markdown")
    _json(form)


def _validate(commands: Any) -> None:
    command = _command(commands, "validate", "All problems of a graph, its order, warm-up and data needs.", "validate")
    command.add_argument("graph", metavar="GRAPH", help="a graph file or the id of a built-in graph")
    command.add_argument("--mode", choices=("backtest", "dry_run", "live"), default="backtest")
    command.add_argument("--timeframe", help="timeframe of the run, such as 1h; without it any will do")
    form = command.add_mutually_exclusive_group()
    form.add_argument("--text", action="store_true", help="print the graph as text, one line per node")
    _json(form)


def _backtest(commands: Any) -> None:
    command = _command(commands, "backtest", "Back-test a graph on candles.", "backtest")
    _run_options(command)
    command.add_argument("--out", metavar="DIR", help="write metrics, trades, equity, graph and an HTML report there")
    _json(command)


def _explain(commands: Any) -> None:
    command = _command(
        commands, "explain", "Why a bar led to a trade, or which conditions failed, nearest first.", "explain"
    )
    _run_options(command)
    command.add_argument(
        "--at", required=True, metavar="TIME", help="explain the bar whose interval contains it, 2024-01-31T12:00 (UTC)"
    )
    command.add_argument("--market", metavar="SYMBOL", help="which of several markets; by default the first")
    _json(command)


def _prove(commands: Any) -> None:
    command = _command(
        commands, "prove", "Whether a graph looks ahead, warms up long enough and is repeatable.", "prove"
    )
    _run_options(command)
    command.add_argument("--cuts", default="50", metavar="N", help="cuts of the history of each node (50)")
    command.add_argument("--seed", default="0", metavar="S", help="of the bars chosen by chance (0)")
    _json(command)


def _parity(commands: Any) -> None:
    command = _command(commands, "parity", "Whether a graph decides the same bar by bar as in one pass.", "parity")
    _run_options(command)
    command.add_argument("--bars", default="500", metavar="N", help="last bars to feed one at a time (500)")
    _json(command)


def _run_options(command: Any) -> None:
    """What describes a back-test."""
    add = command.add_argument
    add("graph", metavar="GRAPH", help="a graph file or the id of a built-in graph")
    add("--candles", nargs="+", required=True, metavar="FILE", help="candle files, or SYMBOL:TIMEFRAME of the store")
    add("--symbol", help="symbol of the candles, if the file name does not tell")
    add("--timeframe", help="timeframe of the run; by default the shortest given")
    add("--finer", nargs="+", default=[], metavar="FILE", help="shorter candles to match orders on")
    add("--funding", nargs="+", default=[], metavar="FILE", help="funding rates of the same symbols")
    add("--mark", nargs="+", default=[], metavar="FILE", help="mark-price candles of the same symbols")
    add("--allow-gaps", action="store_true", help="accept missing bars (stocks, weekends)")
    add(
        "--instrument", action="append", default=[], metavar="[SYMBOL:]RULES", help="tick=0.1,step=0.001,min_notional=5"
    )
    add("--from", dest="start", metavar="DATE", help="first bar traded, 2024-01-31 or 2024-01-31T12:00 (UTC)")
    add("--to", dest="end", metavar="DATE", help="end, exclusive")
    add("--capital", default="10000", metavar="AMOUNT", help="starting equity in quote currency (10000)")
    add(
        "--policy", default="bybit_linear", metavar="NAME", help="fill rules: bybit_linear, pessimistic, frictionless …"
    )
    add("--fees", metavar="SHARE", help="fee of every fill, as 0.00055 or 0.055%%")
    add("--rule", action="append", default=[], metavar="NAME=VALUE", help="replace one setting of the policy")
    add("--param", action="append", default=[], metavar="NAME=VALUE", help="set a graph parameter, or NODE.PARAM=VALUE")


def _candles(commands: Any) -> None:
    group = commands.add_parser("candles", help="Import, fetch, list and remove candles.", allow_abbrev=False)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    command = _command(actions, "import", "Check candle files and put them into the store.", "candles", "run_import")
    command.add_argument("files", nargs="+", metavar="FILE")
    command.add_argument("--symbol", help="symbol of the candles, if the file name does not tell")
    command.add_argument("--allow-gaps", action="store_true", help="accept missing bars (stocks, weekends)")
    _json(command)
    command = _command(actions, "list", "What is stored, or what files hold.", "candles", "run_list")
    command.add_argument("files", nargs="*", metavar="FILE", help="files to look at instead of the store")
    command.add_argument("--allow-gaps", action="store_true", help="accept missing bars (stocks, weekends)")
    _json(command)
    command = _command(actions, "fetch", "Fetch candles and funding from Bybit's public API.", "candles", "run_fetch")
    command.add_argument("symbol", metavar="SYMBOL")
    command.add_argument("timeframe", metavar="TIMEFRAME")
    command.add_argument("--from", dest="start", required=True, metavar="DATE")
    command.add_argument("--to", dest="end", metavar="DATE", help="end, exclusive; by default now")
    command.add_argument("--no-funding", action="store_true", help="candles only")
    _json(command)
    command = _command(actions, "remove", "Forget a stored series.", "candles", "run_remove")
    command.add_argument("symbol", metavar="SYMBOL")
    command.add_argument("timeframe", metavar="TIMEFRAME", help="such as 1h, or funding for its funding rates")


def _serve(commands: Any) -> None:
    _serve_options(_command(commands, "serve", "Serve the pages and the API until a signal ends it.", "serve"))


def _serve_options(command: Any) -> None:
    command.add_argument("--host", metavar="ADDRESS", help="address to listen on (127.0.0.1)")
    command.add_argument("--port", metavar="PORT", help="port to listen on, 0 for any free one (8765)")
    command.add_argument("--log", metavar="LEVELS", help="what is printed: LEVEL or LEVEL,COMPONENT=LEVEL… (info)")


def _db(commands: Any) -> None:
    group = commands.add_parser("db", help="Bring the database up to date.", allow_abbrev=False)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    command = _command(actions, "upgrade", "Apply the migrations that are missing.", "db", "run_upgrade")
    _json(command)


def _user(commands: Any) -> None:
    group = commands.add_parser("user", help="Add users, and reset their passwords.", allow_abbrev=False)
    actions = group.add_subparsers(title="actions", metavar="ACTION", required=True)
    command = _command(actions, "add", "Make an account with a one-time password.", "user", "run_add")
    command.add_argument("name", metavar="NAME")
    command.add_argument("--admin", action="store_true", help="let them manage users, settings and logs")
    _json(command)
    command = _command(actions, "password", "Give a user another one-time password.", "user", "run_password")
    command.add_argument("name", metavar="NAME")
    _json(command)


def _doctor(commands: Any) -> None:
    command = _command(
        commands, "doctor", "Check the installation: packages, folders, kernels, nodes, graphs.", "doctor"
    )
    _json(command)


def _demo(commands: Any) -> None:
    command = _command(commands, "demo", "Serve the pages with sample candles and two finished back-tests.", "demo")
    _serve_options(command)
    command.add_argument("--offline", action="store_true", help="do not ask the exchange for candles")
