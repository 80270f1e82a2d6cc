"""Numbers in, flags out."""
