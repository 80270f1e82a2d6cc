"""Flags or a direction become a trade signal."""
