"""What is in the webhooks that leave here: each parameter declared once, and the wire form that carries them.

Who sends a webhook builds it from these declarations; what is simulated (`localloop.testing`), the JSON Schemas and the
AsyncAPI document come from them as well. Nothing here does I/O.
"""
