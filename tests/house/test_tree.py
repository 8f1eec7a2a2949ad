"""The tree as a stranger finds it: no addresses of anyone's machine, no dead links, nothing left unfinished."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.house import tree

_THIS = "tests/house/test_tree.py"
_LOCKS = ("uv.lock", "package-lock.json")
_MACHINE = re.compile(r"(?<![\w.-])/(work|tmp/w|opt/(pypi|wheels)|root/(?!\.venv))/?\w")
_REGISTRY = re.compile(
    r"\b(pypi\.org|files\.pythonhosted\.org|registry\.(npmjs\.org|yarnpkg\.com)|(deb|ftp)\.debian\.org)\b"
)
_PUBLIC_LOCK_HOSTS = {"pypi.org", "files.pythonhosted.org", "registry.npmjs.org"}
_LOCKED_HOST = re.compile(r'(?:\{ (?:url|registry) = |"resolved": )"https?://([^/"]+)')
_TEXT = (
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".yaml",
    ".json",
    ".sql",
    ".txt",
    ".ts",
    ".js",
    ".sh",
    ".cfg",
    ".ini",
    "",
)
# Written by the conformance tests, not by hand.
_GENERATED = {"docs/coverage.md"}


def _texts() -> Iterator[str]:
    for name in tree.files():
        path = PurePosixPath(name)
        if path.suffix in _TEXT and name != _THIS and path.name not in _LOCKS and "/data/" not in name:
            yield name


def test_no_file_knows_a_machine() -> None:
    tree.forbid(
        f"{name}: {found[0]}"
        for name in _texts()
        for pattern in (_MACHINE, _REGISTRY)
        for found in pattern.finditer(tree.text(name))
    )


def test_nothing_is_a_link() -> None:
    """A link leads where another clone has nothing."""
    tree.forbid(f"{name} is a link" for name in tree.names() if (tree.ROOT / name).is_symlink())


def test_lock_files_name_public_registries_only() -> None:
    hosts = {
        (name, host)
        for name in tree.files()
        if name.endswith(_LOCKS)
        for host in _LOCKED_HOST.findall(tree.text(name))
    }
    tree.forbid(f"{name}: {host}" for name, host in sorted(hosts) if host not in _PUBLIC_LOCK_HOSTS)


def _markdown() -> list[str]:
    return [name for name in tree.files() if name.endswith(".md") and name not in _GENERATED]


def _prose(name: str) -> str:
    """Without code, where a bracket is not a link."""
    without_blocks = re.sub(r"^( *)```.*?^\1```", "", tree.text(name), flags=re.MULTILINE | re.DOTALL)
    return re.sub(r"`[^`\n]*`", "", without_blocks)


def _anchors(name: str) -> set[str]:
    headings = re.findall(r"^#{1,6} +(.+?) *#*$", tree.text(name), flags=re.MULTILINE)
    return {_slug(heading) for heading in headings}


def _slug(heading: str) -> str:
    plain = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", plain).strip())


def _dead(name: str, target: str) -> bool:
    path, _, anchor = target.partition("#")
    found = name if not path else _resolve(name, path)
    if found is None:
        return True
    return (
        bool(anchor) and found.endswith(".md") and found not in _GENERATED and anchor not in _anchors(found)
    )


def _resolve(name: str, path: str) -> str | None:
    target = (tree.ROOT / name).parent.joinpath(path).resolve()
    if not target.is_relative_to(tree.ROOT):
        return None
    inside = target.relative_to(tree.ROOT).as_posix()
    return inside if target.exists() or inside in _GENERATED else None


def test_links_in_documents_resolve() -> None:
    tree.forbid(
        f"{name}: {target}"
        for name in _markdown()
        for target in re.findall(r"\[[^\]]*\]\(([^)\s]+)[^)]*\)", _prose(name))
        if not re.match(r"[a-z]+:", target) and _dead(name, target)
    )


def test_documents_do_not_load_from_elsewhere() -> None:
    """The documentation reads the same without a network: no remote pictures, fonts or scripts."""
    tree.forbid(
        f"{name}: {found}"
        for name in _markdown()
        for found in re.findall(
            r"!\[[^\]]*\]\(https?:[^)]*\)|<(?:img|script|link)[^>]*https?:[^>]*>", _prose(name)
        )
    )


def test_nothing_is_left_for_later() -> None:
    mark = re.compile(r"\b(TODO|FIXME|XXX)\b")
    tree.forbid(
        f"{name}: {found[0]}"
        for name in tree.python()
        if name != _THIS
        for found in mark.finditer(tree.text(name))
    )
