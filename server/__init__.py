"""The shell around the engine: everything that touches the world."""
