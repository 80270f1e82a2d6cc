"""Benchmarks: the same strategies on the same candles in Tradegraph and in its peers; `python -m benchmarks`."""
