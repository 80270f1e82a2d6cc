"""Signals become orders."""
