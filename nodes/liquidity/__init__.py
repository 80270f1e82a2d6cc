"""Prices at which orders are likely to wait."""
