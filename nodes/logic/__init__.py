"""Three-valued (Kleene) logic on flags."""
