"""Candlestick patterns that are complete on the last closed bar."""
