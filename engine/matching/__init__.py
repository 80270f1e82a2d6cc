"""The matching engine: one kernel with explicit state for back-test, tournament and paper exchange (DESIGN 7)."""
