"""Protective stops for signals."""
