"""Nodes that fail."""
