"""Payments: what `<Pay>` has taken is handed to a simulated payment connector."""
