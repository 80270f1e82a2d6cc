"""Compiled loops that several nodes share; there is no node in here."""
