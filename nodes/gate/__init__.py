"""Conditions a signal must meet to become a trade."""
