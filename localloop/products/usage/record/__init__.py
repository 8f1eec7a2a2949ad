"""Usage records: sums by category and day, month or year."""
