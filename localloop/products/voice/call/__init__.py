"""A call: its states, its row, its engine, and what REST asks of it."""
