"""Rules for stops and exits that travel with an order."""
