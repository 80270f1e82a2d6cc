"""Adapters: one module per thing outside, mapped to the values of the engine."""
