"""Usage triggers: an address that is told once as much was used as somebody named."""
