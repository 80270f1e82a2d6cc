"""Profit targets for signals."""
