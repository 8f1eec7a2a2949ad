"""Calls as telephones have them: legs behind one Protocol, and the simulated ones."""
