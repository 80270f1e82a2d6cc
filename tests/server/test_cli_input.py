"""Unreadable or impossible input: exit code 2, one clear line on stderr, nothing on stdout."""

import contextlib
import gzip
import json
import os
import random
import socket
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest

from engine.timeframe import DAY, HOUR, MINUTE
from server.graphs import BUILT_IN
from tests.server.candle_tables import START, Change, rows, settlements, with_value, without, write_table
from tests.server.conftest import Cli

JUNK = random.Random(1).randbytes(5000)
GOOD = "BTCUSDT_1h.csv"
FUNDING = "timestamp,funding_rate"
EMA_CROSS: dict[str, Any] = json.loads((BUILT_IN / "ema_cross.json").read_text())

FILES: dict[str, tuple[str, bytes | None, str]] = {
    "missing": ("no.csv", None, "no.csv does not exist; check the path"),
    "missing, packed": ("no.csv.gz", None, "no.csv.gz does not exist; check the path"),
    "missing, Parquet": ("no.parquet", None, "no.parquet does not exist; check the path"),
    "empty": ("a.csv", b"", "a.csv is empty; it should hold"),
    "empty, packed": ("a.csv.gz", b"", "a.csv.gz is empty; it should hold"),
    "empty, Parquet": ("a.parquet", b"", "a.parquet is empty; export it again"),
    "junk": ("a.csv", JUNK, "a.csv is binary, not text; give a CSV, CSV.gz or Parquet file"),
    "junk, packed": (
        "a.csv.gz",
        JUNK,
        "a.csv.gz is not gzip although its name ends in .gz; rename it or pack it again",
    ),
    "junk, Parquet": ("a.parquet", JUNK, "a.parquet is not Parquet although its name says so; export it again"),
    "junk that begins like gzip": ("a.csv.gz", b"\x1f\x8b" + JUNK, "a.csv.gz is damaged (broken gzip data); copy"),
    "junk that begins like Parquet": (
        "a.parquet",
        b"PAR1" + JUNK + b"PAR1",
        "a.parquet is not a readable Parquet file",
    ),
    "cut gzip": ("a.csv.gz", gzip.compress(JUNK)[:900], "a.csv.gz is cut short (gzip data ends too early); copy"),
    "a graph": ("a.csv", json.dumps(EMA_CROSS).encode(), "a.csv row 1"),
}


@pytest.mark.parametrize("case", FILES)
def test_candle_file_that_cannot_be_read(cli: Cli, tmp_path: Path, case: str) -> None:
    name, content, message = FILES[case]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for command in (("backtest", "ema_cross", "--candles"), ("candles", "list"), ("candles", "import")):
        assert cli(*command, name).refused().startswith(message)


DEFECTS: dict[str, tuple[Change, str]] = {
    "text in a price": (with_value(10, 2, "abc"), "row 12, column \"high\": 'abc' is not a number"),
    "nothing in a price": (with_value(10, 4, ""), 'row 12, column "close" is empty'),
    "NaN": (with_value(10, 4, "nan"), "row 12 (2024-01-01 10:00 UTC): close is nan"),
    "infinity": (with_value(10, 4, "inf"), "row 12 (2024-01-01 10:00 UTC): close is inf"),
    "more than a float": (with_value(10, 2, "1e400"), "row 12 (2024-01-01 10:00 UTC): high is inf"),
    "huge": (with_value(10, 2, "1e308"), "row 12 (2024-01-01 10:00 UTC): high 1e+308 is beyond belief"),
    "tiny": (with_value(10, 3, "1e-300"), "row 12 (2024-01-01 10:00 UTC): low 1e-300 is not a believable price"),
    "huge volume": (with_value(10, 5, "1e300"), "row 12 (2024-01-01 10:00 UTC): volume 1e+300 is beyond belief"),
    "zero": (with_value(10, 3, "0"), "row 12 (2024-01-01 10:00 UTC): low 0.0 is not above 0"),
    "negative": (with_value(10, 3, "-1"), "row 12 (2024-01-01 10:00 UTC): low -1.0 is not above 0"),
    "negative volume": (with_value(10, 5, "-1"), "row 12 (2024-01-01 10:00 UTC): volume -1.0 is negative"),
    "high below low": (with_value(10, 2, "1"), "row 12 (2024-01-01 10:00 UTC): high 1.0 is below low"),
    "unsorted": (with_value(10, 0, START + 5 * HOUR), "row 12 (2024-01-01 05:00 UTC): time stamp comes after"),
    "doubled": (with_value(10, 0, START + 9 * HOUR), "row 12 (2024-01-01 09:00 UTC): the same time stamp"),
    "newest first": (
        lambda i, r: [START + (900 - i) * HOUR, *r[1:]],
        "row 2 (2024-02-07 12:00 UTC): the rows run from new",
    ),
    "seconds": (lambda i, r: [r[0] // 1000, *r[1:]], "row 2: time stamp 1704067200 looks like seconds"),
    "microseconds": (lambda i, r: [r[0] * 10**3, *r[1:]], "row 2: time stamp 1704067200000000 looks like microseconds"),
    "nanoseconds": (
        lambda i, r: [r[0] * 10**6, *r[1:]],
        "row 2: time stamp 1704067200000000000 looks like nanoseconds",
    ),
    "gap": (without(50), "row 52 (2024-01-03 03:00 UTC): 1 bar of 1h missing after 2024-01-03 01:00 UTC"),
    "unaligned": (lambda i, r: [r[0] + MINUTE, *r[1:]], "row 2 (2024-01-01 00:01 UTC): time stamp is 1m past a 1h"),
    "huge time stamp": (with_value(10, 0, 10**30), 'row 12, column "timestamp": 1e+30 is no whole number'),
    "one row": (lambda i, r: r if i == 0 else None, "row 2 (2024-01-01 00:00 UTC): one row alone does not show"),
}


@pytest.mark.parametrize("case", DEFECTS)
def test_defect_of_candles_is_told_with_row_and_remedy(cli: Cli, tmp_path: Path, case: str) -> None:
    change, message = DEFECTS[case]
    bad = write_table(tmp_path / "bad.csv", rows(change=change))
    refused = cli("backtest", "ema_cross", "--candles", bad).refused()
    assert refused.startswith(f"bad.csv {message}")
    assert ";" in refused, "it does not say what to do"


def test_folder_device_and_pipe_are_no_candle_files(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    for name, message in (
        ("folder.csv", "is a folder; name a file in it"),
        ("pipe.csv", "is not a regular file"),
        ("/dev/zero", "is not a regular file"),
        ("a" * 5000, "cannot be read (File name too long)"),
    ):
        assert message in cli("backtest", "ema_cross", "--candles", name).refused()


def changed(**fields: object) -> str:
    return json.dumps({**EMA_CROSS, **fields})


GRAPHS: dict[str, tuple[bytes | str, str]] = {
    "empty": ("", "is empty; a graph document is a JSON object"),
    "blank": (" \n ", "is empty; a graph document is a JSON object"),
    "text": ("hello", "not JSON"),
    "junk": (JUNK, "not JSON"),
    "cut": (json.dumps(EMA_CROSS)[:-20], "not JSON: Input data was truncated"),
    "something behind it": (json.dumps(EMA_CROSS) + "x", "not JSON: JSON is malformed: trailing characters"),
    "UTF-16": (json.dumps(EMA_CROSS).encode("utf-16"), "not JSON"),
    "NaN": (json.dumps(EMA_CROSS).replace('"length": 20', '"length": NaN'), "not JSON"),
    "half a letter": (changed(name="X").replace('"X"', '"\\ud800"'), "not JSON"),
    "deep": ("[" * 10**6, "not a graph document"),
    "deep param": (json.dumps(EMA_CROSS).replace('"length": 20', f'"length": {"[" * 10**6}'), "not JSON"),
    "list": ("[]", "not a graph document: Expected `object`, got `array`"),
    "nothing in it": ("{}", "not a graph document: Object missing required field"),
    "null": ("null", "not a graph document"),
    "number beyond a float": (json.dumps(EMA_CROSS).replace('"length": 20', '"length": 1e999'), "not a graph document"),
    "schema version 2": (changed(schema_version=2), "at `$.schema_version`"),
    "schema version as text": (changed(schema_version="1"), "at `$.schema_version`"),
    "id is a number": (changed(id=5), "at `$.id`"),
    "unknown kind": (changed(kind="x"), "at `$.kind`"),
    "nodes are an object": (changed(nodes={}), "at `$.nodes`"),
    "edges are null": (changed(edges=None), "at `$.edges`"),
    "unknown field": (changed(extra=1), "unknown field `extra`"),
    "params are a number": (changed(nodes=[{**EMA_CROSS["nodes"][0], "params": 5}]), "at `$.nodes[0].params`"),
    "unknown mode": (changed(nodes=[{**EMA_CROSS["nodes"][0], "mode": "x"}]), "at `$.nodes[0].mode`"),
    "half a version": (changed(nodes=[{**EMA_CROSS["nodes"][0], "version": 1.5}]), "at `$.nodes[0].version`"),
    "edge to nowhere": (changed(edges=[{"from": "candles.close"}]), "missing required field `to`"),
}


@pytest.mark.parametrize("case", GRAPHS)
def test_file_that_is_no_graph_document(cli: Cli, tmp_path: Path, case: str) -> None:
    content, message = GRAPHS[case]
    (tmp_path / "g.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    for command in (("validate", "g.json"), ("backtest", "g.json", "--candles", GOOD, "--json")):
        refused = cli(*command).refused()
        assert "g.json" in refused
        assert message in refused


@pytest.mark.parametrize(
    "name", ["nope", "nope.json", "folder", "", "..", "../ema_cross", "a" * 5000, "/dev/zero", "a\nb"]
)
def test_graph_that_is_not_there(cli: Cli, tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    refused = cli("validate", name).refused()
    assert refused.startswith("graph ")
    assert "ema_cross" in refused or "File name too long" in refused


def test_fifty_megabytes_of_junk_are_refused_at_once(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "big.json").write_bytes(b"x" * (50 << 20))
    (tmp_path / "big.csv").write_bytes(b"x" * (50 << 20))
    (tmp_path / "list.json").write_bytes(b"[" + b"1," * (15 << 20) + b"1]")
    began = time.perf_counter()
    assert "50 MB is too large" in cli("validate", "big.json").refused()
    assert "not a graph document" in cli("validate", "list.json").refused()
    assert "no line end" in cli("backtest", "ema_cross", "--candles", "big.csv").refused()
    assert time.perf_counter() - began < 3


OPTIONS: dict[str, tuple[list[str], str]] = {
    "capital 0": (["--capital", "0"], "--capital is 0; it must be greater than 0"),
    "capital negative": (["--capital=-1"], "--capital is -1; it must be greater than 0"),
    "capital nan": (["--capital", "nan"], "--capital is nan; it must be greater than 0"),
    "capital infinite": (["--capital", "inf"], "--capital is inf; it must be greater than 0"),
    "capital beyond a float": (["--capital", "1e999"], "--capital is 1e999; it must be greater than 0"),
    "capital beyond belief": (["--capital", "1e308"], "--capital is 1e308; it must be greater than 0 and at most"),
    "capital text": (["--capital", "much"], "--capital 'much' is not a number; write an amount"),
    "capital nothing": (["--capital", ""], "--capital '' is not a number"),
    "no date": (["--from", "yesterday"], "--from 'yesterday' is not a date; write 2024-01-31"),
    "no such month": (["--to", "2024-13-01"], "--to '2024-13-01' is not a date; write 2024-01-31"),
    "no such day": (["--from", "2024-02-30"], "--from '2024-02-30' is not a date; write 2024-01-31"),
    "milliseconds as a date": (["--from", "1704067200000"], "--from '1704067200000' is not a date"),
    "from after to": (["--from", "2024-01-10", "--to", "2024-01-05"], "no candles of BTCUSDT between --from and --to"),
    "from is to": (["--from", "2024-01-10", "--to", "2024-01-10"], "no candles of BTCUSDT between --from and --to"),
    "range before": (["--to", "2023-01-05"], "no candles of BTCUSDT between --from and --to; the file covers"),
    "range behind": (["--from", "2031-01-05"], "no candles of BTCUSDT between --from and --to"),
    "range far behind": (["--from", "9999-12-31T23:59-12:00"], "no candles of BTCUSDT between --from and --to"),
    "unknown policy": (["--policy", "nice"], "policy 'nice' is not known; use one of bybit_linear"),
    "unknown rule": (["--rule", "nice=1"], "--rule nice is not a setting of the fill rules; use one of path"),
    "rule name": (["--rule", "name=x"], "--rule name is not a setting of the fill rules"),
    "rule without value": (["--rule", "slippage"], "--rule 'slippage' is not NAME=VALUE"),
    "rule twice": (["--rule", "slippage=0.1", "--rule", "slippage=0.2"], "--rule slippage is given twice"),
    "rule text": (["--rule", "maker_fee=abc"], "--rule maker_fee=abc: this cannot be (Expected float, got str)"),
    "rule bool": (["--rule", "maker_fee=true"], "--rule maker_fee=True: this cannot be"),
    "rule out of range": (["--rule", "volume_cap=2"], "--rule volume_cap=2: this cannot be (Expected float <= 1.0)"),
    "rule half": (["--rule", "latency_ms=1.5"], "--rule latency_ms=1.5: this cannot be"),
    "rule too large": (["--rule", f"latency_ms={10**20}"], f"--rule latency_ms={10**20}: the number is too large"),
    "rule choice": (["--rule", "path=best"], "--rule path=best: this cannot be (Invalid enum value 'best')"),
    "rule deep": (["--rule", "slippage=" + "[" * 100_000], "--rule slippage="),
    "fees text": (["--fees", "low"], "--fees 'low' is not a share; write 0.00055 or 0.055%"),
    "fees nan": (["--fees", "nan"], "--fees nan: this cannot be"),
    "fees too high": (["--fees", "5"], "--fees 5: this cannot be (Expected float < 0.1)"),
    "param without value": (["--param", "ema_fast.length"], "--param 'ema_fast.length' is not NAME=VALUE"),
    "param of no node": (["--param", "gone.length=5"], "--param 'gone.length' names no node of the graph; its nodes"),
    "param unknown": (["--param", "ema_fast.period=5"], "--param 'ema_fast.period' names no parameter of node 'ema_f"),
    "param twice": (["--param", "ema_fast.length=5", "--param", "ema_fast.length=6"], "--param ema_fast.length is"),
    "instrument junk": (["--instrument", "tick"], "--instrument 'tick' is not NAME=VALUE"),
    "instrument unknown": (["--instrument", "lot=1"], "--instrument 'lot' is not a trading rule; use tick, step"),
    "instrument text": (["--instrument", "tick=small"], "--instrument tick=small: it must be a number from 0"),
    "instrument negative": (["--instrument", "tick=-1"], "--instrument tick=-1: it must be a number from 0"),
    "instrument nan": (["--instrument", "tick=NaN"], "--instrument tick=NaN: it must be a number from 0"),
    "instrument huge": (["--instrument", "step=1e308"], "--instrument step=1e+308: it must be a number from 0"),
    "instrument margin": (["--instrument", "maintenance_margin=5"], "--instrument maintenance_margin=5: it must be"),
    "instrument twice": (["--instrument", "tick=1", "--instrument", "step=1"], "--instrument is given twice for all"),
    "instrument of another": (["--instrument", "ETHUSDT:tick=1"], "--instrument is for ETHUSDT, of which no candles"),
    "instrument of nobody": (["--instrument", ":tick=1"], "--instrument ':tick=1' names no symbol"),
    "unknown timeframe": (["--timeframe", "7h"], "timeframe '7h' is not known; use one of 1m, 3m"),
    "shorter timeframe": (["--timeframe", "15m"], "there are no 15m candles of BTCUSDT, and 1h candles cannot"),
    "no symbol": (["--symbol", ""], "--symbol '' cannot be a symbol"),
    "path as symbol": (["--symbol", "../x"], "--symbol '../x' cannot be a symbol"),
    "lines as symbol": (["--symbol", "a\nb"], "--symbol 'a\\nb' cannot be a symbol"),
    "funding missing": (["--funding", "no.csv"], "no.csv does not exist"),
    "funding of candles": (["--funding", GOOD], f'{GOOD} row 1: the header "timestamp,open,high'),
    "funding not stored": (["--funding", "BTCUSDT:funding"], "no funding rates of BTCUSDT are stored"),
    "candles not stored": (["--mark", "BTCUSDT:1h"], "no candles of BTCUSDT 1h are stored"),
    "finer without file": (["--finer"], "argument --finer: expected at least one argument"),
    "finer missing": (["--finer", "no.csv"], "no.csv does not exist"),
    "finer the same": (["--finer", GOOD], "--finer candles of 1h are not finer parts of 1h candles"),
    "out is a file": (["--out", GOOD], f"--out {GOOD}: cannot be written (File exists); choose another folder"),
    "out under a file": (["--out", f"{GOOD}/x"], f"--out {GOOD}/x: cannot be written (Not a directory)"),
    "out nowhere": (["--out", "/proc/x"], "--out /proc/x: cannot be written"),
    "out nothing": (["--out", ""], "--out names no folder"),
    "unknown option": (["--fast"], "unrecognized arguments: --fast; see `tradegraph --help`"),
    "half an option": (["--cap", "5"], "unrecognized arguments: --cap 5"),
}  # fmt: skip


@pytest.mark.parametrize("case", OPTIONS)
def test_impossible_option(cli: Cli, case: str) -> None:
    options, message = OPTIONS[case]
    assert cli("backtest", "ema_cross", "--candles", GOOD, *options).refused().startswith(message)


FUNDING_FILES: dict[str, tuple[str, list[list[Any]], str]] = {
    "of another symbol": (
        "ETHUSDT_FUNDING.csv",
        settlements(),
        "--funding is for ETHUSDT, of which no candles were given",
    ),
    "NaN": ("BTCUSDT_FUNDING.csv", settlements(rate="nan"), "row 2 (2024-01-01 00:00 UTC): the funding rate is nan"),
    "text": ("BTCUSDT_FUNDING.csv", settlements(rate="low"), "row 2, column \"funding_rate\": 'low' is not a number"),
    "percent": (
        "BTCUSDT_FUNDING.csv",
        settlements(rate=1.5),
        "row 2 (2024-01-01 00:00 UTC): a funding rate of 1.5 looks",
    ),
    "huge": (
        "BTCUSDT_FUNDING.csv",
        settlements(rate=1e300),
        "row 2 (2024-01-01 00:00 UTC): a funding rate of 1e+300 looks",
    ),
    "seconds": ("BTCUSDT_FUNDING.csv", [[r[0] // 1000, r[1]] for r in settlements()], "looks like seconds"),
    "doubled": ("BTCUSDT_FUNDING.csv", settlements(3) + settlements(3), "row 5 (2024-01-01 00:00 UTC)"),
}


@pytest.mark.parametrize("case", FUNDING_FILES)
def test_impossible_funding(cli: Cli, tmp_path: Path, case: str) -> None:
    name, table, message = FUNDING_FILES[case]
    write_table(tmp_path / name, table, FUNDING)
    assert message in cli("backtest", "ema_cross", "--candles", GOOD, "--funding", name).refused()


CANDLES: dict[str, tuple[str, list[list[Any]], str, str]] = {
    "finer: longer": ("BTCUSDT_1d.csv", rows(40, step=DAY), "--finer", "1d are not finer parts of 1h"),
    "finer: too short": ("BTCUSDT_5m.csv", rows(100, step=5 * MINUTE), "--finer", "cover 2024-01-01T00:00 to"),
    "finer: later": ("BTCUSDT_5m.csv", rows(100, step=5 * MINUTE, start=START + 900 * DAY), "--finer", "cover nothing"),
    "finer: another": ("ETHUSDT_15m.csv", rows(3200, step=15 * MINUTE), "--finer", "--finer is for ETHUSDT"),
    "mark: hole": ("BTCUSDT_1h-MARK.csv", rows(change=without(50)), "--mark", "row 52 (2024-01-03 03:00 UTC): 1 bar"),
    "mark: too short": ("BTCUSDT_1h-MARK.csv", rows(100), "--mark", "mark candles of BTCUSDT have no bar at"),
    "mark: later": ("BTCUSDT_1h-MARK.csv", rows(start=START + DAY), "--mark", "mark candles of BTCUSDT have no bar at"),
    "mark: another": ("ETHUSDT_1h-MARK.csv", rows(), "--mark", "--mark is for ETHUSDT, of which no candles were given"),
    "other symbol on another timeframe": (
        "ETHUSDT_15m.csv", rows(3200, step=15 * MINUTE), "--candles", "there are no 15m candles of BTCUSDT"
    ),
    "same symbol twice": ("more_BTCUSDT_1h.csv", rows(), "--candles", "candles of BTCUSDT 1h are given twice"),
    "another range": (
        "ETHUSDT_1h.csv", rows(start=START + 900 * DAY), "--to", "no candles of ETHUSDT between --from and --to"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CANDLES)
def test_candles_that_do_not_go_together(cli: Cli, tmp_path: Path, case: str) -> None:
    name, table, option, message = CANDLES[case]
    write_table(tmp_path / name, table)
    more = [name, "--to", "2024-01-20"] if option == "--to" else [name] if option == "--candles" else [option, name]
    assert message in cli("backtest", "ema_cross", "--candles", GOOD, *more).refused()


def test_mark_with_a_hole_is_refused_although_gaps_are_allowed(cli: Cli, tmp_path: Path) -> None:
    mark = write_table(tmp_path / "BTCUSDT_1h-MARK.csv", rows(change=without(50)))
    refused = cli("backtest", "ema_cross", "--candles", GOOD, "--mark", mark, "--allow-gaps").refused()
    assert "mark candles of BTCUSDT have no bar at" in refused


@pytest.mark.parametrize("option", ["--finer", "--mark", "--funding"])
def test_file_given_twice_for_a_symbol_is_refused(cli: Cli, tmp_path: Path, option: str) -> None:
    if option == "--funding":
        names = [write_table(tmp_path / f"{n}_BTCUSDT_FUNDING.csv", settlements(), FUNDING) for n in "ab"]
    else:
        names = [write_table(tmp_path / f"{n}_BTCUSDT_15m.csv", rows(3200, step=15 * MINUTE)) for n in "ab"]
    message = f"{option} is given twice for BTCUSDT; leave one of the files out"
    assert cli("backtest", "ema_cross", "--candles", GOOD, option, *names).refused() == message


USAGE: dict[str, tuple[list[str], str]] = {
    "nothing": ([], "the following arguments are required: COMMAND"),
    "unknown command": (["trade"], "argument COMMAND: invalid choice: 'trade'"),
    "option before the command": (["--json", "nodes"], "unrecognized arguments: --json"),
    "no graph": (["validate"], "the following arguments are required: GRAPH"),
    "no candles": (["backtest", "ema_cross"], "the following arguments are required: --candles"),
    "no action": (["candles"], "the following arguments are required: ACTION"),
    "unknown action": (["candles", "eat"], "argument ACTION: invalid choice: 'eat'"),
    "nothing to import": (["candles", "import"], "the following arguments are required: FILE"),
    "unknown mode": (["validate", "ema_cross", "--mode", "dream"], "argument --mode: invalid choice: 'dream'"),
    "unknown timeframe": (["validate", "ema_cross", "--timeframe", "7h"], "timeframe '7h' is not known"),
    "two forms": (["validate", "ema_cross", "--text", "--json"], "argument --json: not allowed with argument --text"),
    "two types": (["nodes", "indicator.ema", "indicator.sma"], "unrecognized arguments: indicator.sma"),
    "schema of one type": (["nodes", "indicator.ema", "--schema"], "nodes: --schema is that of all node types"),
    "unknown type": (["nodes", "indicator.emaa"], "there is no node type 'indicator.emaa'; did you mean indicator.ema"),
    "no type": (["nodes", ""], "there is no node type ''; `tradegraph nodes` lists all"),
    "path as type": (["nodes", "../../etc"], "there is no node type '../../etc'"),
    "module as type": (["nodes", "kernels.prices"], "there is no node type 'kernels.prices'"),
    "long type": (["nodes", "a." * 5000 + "a"], "there is no node type 'a.a."),
    "fetch: timeframe": (["candles", "fetch", "BTCUSDT", "7h", "--from", "2024-01-01"], "timeframe '7h' is not known"),
    "fetch: date": (["candles", "fetch", "BTCUSDT", "1h", "--from", "x"], "--from 'x' is not a date"),
    "fetch: symbol": (["candles", "fetch", "../x", "1h", "--from", "2024-01-01"], "symbol '../x' cannot be stored"),
    "fetch: order": (
        ["candles", "fetch", "BTCUSDT", "1h", "--from", "2024-01-02", "--to", "2024-01-01"],
        "--from 2024-01-02 lies not before the end 2024-01-01 00:00 UTC",
    ),
    "import: symbol": (["candles", "import", GOOD, "--symbol", "../x"], "symbol '../x' cannot be stored"),
    "list: not there": (["candles", "list", "no.csv"], "no.csv does not exist"),
}  # fmt: skip


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage(cli: Cli, case: str) -> None:
    arguments, message = USAGE[case]
    refused = cli(*arguments).refused()
    assert message in refused.replace("argument --text: not allowed with argument --json", message)


def test_data_folder_that_cannot_be_used(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRADEGRAPH_HOME", GOOD)
    assert "set TRADEGRAPH_HOME to another place" in cli("candles", "import", GOOD).refused()
    assert "check TRADEGRAPH_HOME and its rights" in cli("demo", "--offline").refused()


def test_damaged_store_is_said_to_be_damaged(cli: Cli, tmp_path: Path) -> None:
    assert cli("candles", "import", GOOD).code == 0
    with contextlib.closing(sqlite3.connect(tmp_path / "home/tradegraph.db")) as database, database:
        database.execute("UPDATE candle_chunks SET data = ?", [JUNK])
    assert "are damaged; remove" in cli("backtest", "ema_cross", "--candles", "BTCUSDT:1h").refused()
    assert "are damaged; remove" in cli("candles", "import", GOOD).refused()
    assert "BTCUSDT" in cli("candles", "list").out
    assert cli("doctor").code == 1
    assert cli("candles", "remove", "BTCUSDT", "1h").out == "removed BTCUSDT 1h\n"
    assert "nothing is stored of BTCUSDT 1h" in cli("candles", "remove", "BTCUSDT", "1h").refused()
    assert cli("candles", "import", GOOD).code == 0


def test_database_that_cannot_be_used(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cli("candles", "list").code == 0
    (tmp_path / "home/tradegraph.db").write_bytes(JUNK * 1000)
    assert (
        "tradegraph.db cannot be used (file is not a database); check TRADEGRAPH_HOME"
        in cli("candles", "list").refused()
    )
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("DATABASE_URL", f"postgresql://me:secret@127.0.0.1:{taken.getsockname()[1]}/x")
        refused = cli("candles", "list").refused()
    assert "cannot be used" in refused and "check DATABASE_URL" in refused and "secret" not in refused
    monkeypatch.setenv("DATABASE_URL", "mysql://x/y")
    assert "(DATABASE_URL) must begin with postgresql:// or sqlite:///" in cli("candles", "list").refused()
