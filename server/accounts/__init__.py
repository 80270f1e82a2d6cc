"""Who may come in: passwords, sessions, tokens, throttling, and what admins set."""
