"""Clocks: joining timeframes, sessions, weekdays."""
