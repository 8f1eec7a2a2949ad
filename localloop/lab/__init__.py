"""What only a simulator can do: phones that are looked into and that answer."""

from localloop.lab.surface import API

__all__ = ["API"]
