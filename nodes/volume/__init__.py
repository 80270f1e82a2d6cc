"""How much was traded, and at which prices."""
