"""Where candles come from."""
