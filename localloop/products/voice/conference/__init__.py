"""Conferences: rooms in which calls hear each other.

`desk` is what the engine asks in its units of work, `room` the rules; here is what REST serves.
"""
