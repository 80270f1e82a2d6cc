"""Rules for the quantity."""
