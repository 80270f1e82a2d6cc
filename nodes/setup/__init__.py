"""Two-phase entries: a setup, then its confirmation."""
