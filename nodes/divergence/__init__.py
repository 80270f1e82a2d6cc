"""Price and indicator that go different ways."""
