"""`Addresses`, and the numbers that depend on them."""
