"""Twilio's public surface as data: the only reader of `data/`.

Placeholder; the loader is written next to `model.py`.
"""
