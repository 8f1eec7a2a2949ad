"""Twilio's public surface as data: `load()` gives every API, resource, path and operation as typed values.

The data are built by `scripts/contract.py` from Twilio's OpenAPI documents and the corrections in `patches/`.
"""

from __future__ import annotations

from localloop.contract.contract import Contract, load
from localloop.contract.model import Api, Field, Operation, Param, Path, Resource

__all__ = ["Api", "Contract", "Field", "Operation", "Param", "Path", "Resource", "load"]
