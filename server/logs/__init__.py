"""Logs: lines for people or for programs, and a table of what matters."""
