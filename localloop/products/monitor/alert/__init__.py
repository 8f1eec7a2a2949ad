"""`/Alerts`: conditions that were met, for thirty days."""
