"""Bytes that are too large for rows: pictures, recordings. Where they lie, and who still needs them."""

from localloop.store.objects.holding import Lost, Objects, Wanted, hold, release
from localloop.store.objects.place import ObjectPlace, ObjectsUnavailable, ObjectsUnusable, check, open_place
from localloop.store.objects.sweeping import sweep

__all__ = [
    "Lost",
    "ObjectPlace",
    "Objects",
    "ObjectsUnavailable",
    "ObjectsUnusable",
    "Wanted",
    "check",
    "hold",
    "open_place",
    "release",
    "sweep",
]
