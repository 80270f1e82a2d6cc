"""Delays and memory of earlier bars."""
