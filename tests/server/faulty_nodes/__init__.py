"""A node package whose nodes fail in every way a foreign node can."""
