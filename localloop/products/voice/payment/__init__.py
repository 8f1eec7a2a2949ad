"""Payments: what `<Pay>` has taken, or an agent over REST, is handed to a simulated payment connector."""
