"""What kind of market it is, and which side of it to be on."""
