"""One back-test as a whole process, for as long as `tradegraph backtest` does not exist: GRAPH FILE.csv CAPITAL."""

import sys

import msgspec

from benchmarks.ours import POLICY
from engine.backtest import MarketData, Request, backtest
from engine.instruments import Instrument
from engine.registry import Registry
from engine.trade_rows import as_document
from server.adapters.candle_files import read_candles
from server.graphs import load_graph

graph, file, capital = sys.argv[1:]
market = MarketData(candles=read_candles(file), instrument=Instrument(source="benchmark"))
request = Request(graph=load_graph(graph), markets=(market,), policy=POLICY, capital=float(capital))
sys.stdout.buffer.write(msgspec.json.encode(as_document(backtest(request, Registry()))))
