"""Indicators and candle patterns of pandas-ta and TA-Lib; the classes are made from a table (`nodes/ta/table.py`)."""

from nodes.ta.classes import TaNodes

NODES = TaNodes()
