"""How sure a signal is: scaling, mapping and composing confidence."""
