"""A bucket that speaks S3 as a place for bytes: Amazon's, or one at an endpoint of its own (MinIO, Ceph, Garage, R2).

Credentials come from where Amazon's tools look for them: the environment, or the machine's own role.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from datetime import timedelta
from typing import Any, Final, TypeVar
from urllib.parse import parse_qs, urlsplit

from localloop.store.objects.place import ObjectsUnavailable, ObjectsUnusable

T = TypeVar("T")
_OPTIONS: Final = ("endpoint", "region")
_REQUEST: Final = timedelta(seconds=30)
_CONNECT: Final = timedelta(seconds=5)
_RETRYING: Final = timedelta(seconds=20)
_RETRIES: Final = 3


class Bucket:
    def __init__(self, name: str, store: Any) -> None:
        self._name = name
        self._store = store

    @classmethod
    def of(cls, name: str) -> Bucket:
        """`s3://bucket/prefix?endpoint=https://…&region=…`. Raises ObjectsUnusable."""
        try:
            from obstore.exceptions import BaseError
            from obstore.store import S3Store
        except ImportError:
            raise ObjectsUnusable(
                "an object store at s3:// needs the extra s3: pip install 'localloop[s3]'"
            ) from None
        bucket, prefix, options = _parts(name)
        endpoint = options.get("endpoint", "")
        client: Any = {
            "allow_http": endpoint.startswith("http://"),
            "timeout": _REQUEST,
            "connect_timeout": _CONNECT,
        }
        kind: Any = {"endpoint": endpoint} if endpoint else {}
        try:
            store = S3Store(
                bucket,
                prefix=prefix or None,
                region=options.get("region", "us-east-1"),
                client_options=client,
                retry_config={"max_retries": _RETRIES, "retry_timeout": _RETRYING},
                **kind,
            )
        except BaseError as error:
            raise ObjectsUnusable(f"the object store {_shown(name)}: {_first_line(error)}") from None
        return cls(_shown(name), store)

    async def put(self, key: str, content: bytes) -> None:
        # One request: parts are for what is larger than anything here.
        await self._done(self._store.put_async(key, content, use_multipart=False))

    async def get(self, key: str, start: int = 0, end: int | None = None) -> bytes | None:
        options: dict[str, Any] = {}
        if end is not None:
            if end <= start:
                return b""
            options = {"range": (start, end)}
        elif start:
            options = {"range": {"offset": start}}
        try:
            found = await self._done(self._store.get_async(key, options=options))
            return bytes(await self._done(found.bytes_async()))
        except FileNotFoundError:
            return None

    async def delete(self, keys: Sequence[str]) -> None:
        try:
            await self._done(self._store.delete_async(list(keys)))
        except FileNotFoundError:
            for key in keys:
                await self._delete_one(key)

    async def close(self) -> None:
        """Its connections are closed when they are idle."""

    async def _delete_one(self, key: str) -> None:
        try:
            await self._done(self._store.delete_async(key))
        except FileNotFoundError:
            return

    async def _done(self, work: Awaitable[T]) -> T:
        from obstore.exceptions import BaseError

        try:
            return await work
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            raise ObjectsUnavailable(f"the object store {self._name}: {_first_line(error)}") from error


def _parts(name: str) -> tuple[str, str, dict[str, str]]:
    """Bucket, prefix and options."""
    parts = urlsplit(name)
    given = {key: values[-1] for key, values in parse_qs(parts.query, keep_blank_values=True).items()}
    unknown = sorted(set(given) - set(_OPTIONS))
    if not parts.hostname or parts.username is not None:
        raise ObjectsUnusable(
            "an object store is s3://bucket/prefix?endpoint=https://…; logins stand in AWS_…"
        )
    if unknown:
        raise ObjectsUnusable(f"the object store {_shown(name)}: unknown {unknown[0]!r}; known: {_OPTIONS}")
    return parts.netloc, parts.path.strip("/"), given


def _shown(name: str) -> str:
    return name.partition("?")[0]


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
