"""Several opinions become one: votes, scores, vetoes, confirmations."""
