"""Statistics over the last n bars."""
