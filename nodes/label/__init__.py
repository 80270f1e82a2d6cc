"""Categories: asking which one it is."""
