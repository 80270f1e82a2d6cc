"""Pure stand-ins for the world outside: invented markets and recorded adapters."""
