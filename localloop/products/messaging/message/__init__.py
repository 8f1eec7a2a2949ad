"""The message: composed, accepted, delivered, received."""
