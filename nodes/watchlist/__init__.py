"""Nodes that compare the symbols of a watchlist."""
