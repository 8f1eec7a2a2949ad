"""How long messages are kept, how much of them, and how many go at once."""
