"""Market structure: pivots, swings, their labels, breaks and the trend they make."""
