"""Up, flat or down: reading it, turning it, making it."""
