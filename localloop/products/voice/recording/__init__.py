"""Recordings: taken, made ready, shown and heard."""
