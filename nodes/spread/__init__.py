"""Two markets that move together: hedge ratio, spread, tests, levels and the position in the spread."""
