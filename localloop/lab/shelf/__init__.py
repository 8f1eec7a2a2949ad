"""Whole worlds put away and taken out again: what belongs to a world, the lock on it, copies, and files of copies."""

from localloop.lab.shelf.lock import Busy, WorldLock
from localloop.lab.shelf.shelf import Shelf
from localloop.lab.shelf.snapshot import NoSuchSnapshot, Snapshot

__all__ = ["Busy", "NoSuchSnapshot", "Shelf", "Snapshot", "WorldLock"]
