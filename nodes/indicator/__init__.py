"""Technical indicators on prices and volumes."""
