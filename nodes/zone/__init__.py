"""Price areas: where price turned before, on which timeframes, and whether it is there now."""
