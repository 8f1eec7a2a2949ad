"""`sitecustomize` of programs that run under localloop: aiohttp asks the environment for a proxy, as requests does.

Twilio's AsyncTwilioHttpClient makes an aiohttp session that does not ask, and keeps a proxy it is given to itself.
This file is copied to a folder on the program's PYTHONPATH, so it imports nothing of ours and next to nothing else.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.machinery import ModuleSpec
    from types import ModuleType
    from typing import Any


class _AfterAiohttp:
    """Finds aiohttp.client as it is found anyway, and changes one default once it is loaded."""

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "aiohttp.client":
            return None
        sys.meta_path.remove(self)
        spec = importlib.machinery.PathFinder.find_spec(name, path, target)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                load(module)
                _ask_environment(module.ClientSession)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def _ask_environment(session: Any) -> None:
    begin = session.__init__

    def ask(self: Any, *args: Any, **kwargs: Any) -> None:
        if kwargs.get("proxy") is None:
            kwargs["trust_env"] = True
        begin(self, *args, **kwargs)

    session.__init__ = ask


def _run_the_other() -> None:
    """A sitecustomize of the system or of the program has its turn as well."""
    own = os.path.dirname(os.path.abspath(__file__))
    others = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != own]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if __name__ == "sitecustomize":
    sys.meta_path.insert(0, _AfterAiohttp())
    _run_the_other()
