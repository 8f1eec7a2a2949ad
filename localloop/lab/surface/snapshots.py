"""The REST surface of snapshots, of the caller's world as a whole, and of worlds that are made for a test."""

from __future__ import annotations

from typing import Final

from localloop.contract.model import Field, Operation, Param, Path, Resource, Role
from localloop.lab.surface.vocabulary import CREATED, PAGING, SID, URL

MAX_NAME: Final = 320
_SNAPSHOT: Final = (
    Field(name="sid", type="string", sid=("WS",)),
    Field(name="account_sid", type="string", sid=("AC",)),
    Field(name="unique_name", type="string"),
    Field(name="resources", type="object", initial={}),
    CREATED,
    URL,
    Field(
        name="links",
        type="object",
        format="uri-map",
        source="links",
        links=(
            ("restore", "/v1/Snapshots/{Sid}/Restore"),
            ("fork", "/v1/Snapshots/{Sid}/Fork"),
            ("export", "/v1/Snapshots/{Sid}/Export"),
        ),
    ),
)
_WORLD: Final = (
    Field(name="account_sid", type="string", sid=("AC",)),
    Field(name="auth_token", type="string"),
    Field(name="profile", type="string"),
    Field(name="phone_numbers", type="array", initial=[]),
    Field(name="accounts", type="array", initial=[]),
    Field(name="keys", type="array", initial=[]),
    CREATED,
)
_STANDING: Final = (
    Field(name="account_sid", type="string", sid=("AC",)),
    Field(name="profile", type="string"),
    Field(name="resources", type="object", initial={}),
    CREATED,
)
_NAME: Final = Param(name="UniqueName", location="body", max_length=MAX_NAME)
_SECRETS: Final = Param(name="Secrets", location="query", type="boolean")
_NUMBERS: Final = Param(
    name="PhoneNumber",
    location="body",
    type="array",
    items=Param(name="PhoneNumber", location="body", format="phone-number"),
)
_PROFILE: Final = Param(
    name="Profile", location="body", enum=("relaxed", "twilio", "us-a2p", "trial"), field="profile"
)
_LOAD: Final = (
    Param(name="Content", location="body", format="binary", required=True),
    Param(name="More", location="body", type="boolean"),
    Param(name="LoadSid", location="body"),
)
_LOADED: Final = (
    Field(name="load_sid", type="string"),
    Field(name="account_sid", type="string", sid=("AC",)),
    Field(name="accounts", type="array", initial=[]),
    Field(name="keys", type="array", initial=[]),
    Field(name="resources", type="object", initial={}),
)


def _resource(name: str, *paths: Path) -> Resource:
    return Resource(key=f"lab.v1.{name}", name=name, kind=f"lab/{name}", id_field="sid", paths=paths)


def _path(template: str, role: Role, name: str, *operations: Operation) -> Path:
    of_one = "{Sid}" in template
    return Path(
        template=template,
        role=role,
        kind=f"lab/{name}",
        id_param="Sid" if role == "instance" else None,
        parents=(("Sid", ""),) if of_one and role != "instance" else (),
        operations=operations,
    )


def _action(name: str, template: str, fields: tuple[Field, ...], params: tuple[Param, ...] = ()) -> Resource:
    """What is done by a POST below something that is there."""
    own = (SID,) if "{Sid}" in template else ()
    operation = Operation(
        id=f"lab.v1.Create{name}",
        method="POST",
        verb="create",
        body="form",
        params=(*own, *params),
        fields=fields,
        status=201,
    )
    return _resource(name, _path(template, "collection", name, operation))


def _file(name: str, template: str) -> Resource:
    own = (SID,) if "{Sid}" in template else ()
    operation = Operation(id=f"lab.v1.Fetch{name}", method="GET", verb="fetch", params=(*own, _SECRETS))
    return _resource(name, _path(template, "singleton", name, operation))


RESOURCES: Final = (
    _resource(
        "Snapshot",
        _path(
            "/v1/Snapshots",
            "collection",
            "Snapshot",
            Operation(
                id="lab.v1.ListSnapshot",
                method="GET",
                verb="list",
                params=PAGING,
                fields=_SNAPSHOT,
                list_key="snapshots",
                paging="meta",
            ),
            Operation(
                id="lab.v1.CreateSnapshot",
                method="POST",
                verb="create",
                body="form",
                status=201,
                params=(_NAME,),
                fields=_SNAPSHOT,
            ),
        ),
        _path(
            "/v1/Snapshots/{Sid}",
            "instance",
            "Snapshot",
            Operation(id="lab.v1.FetchSnapshot", method="GET", verb="fetch", params=(SID,), fields=_SNAPSHOT),
            Operation(id="lab.v1.DeleteSnapshot", method="DELETE", verb="delete", params=(SID,), status=204),
        ),
    ),
    _action("SnapshotRestore", "/v1/Snapshots/{Sid}/Restore", _SNAPSHOT),
    _action("SnapshotFork", "/v1/Snapshots/{Sid}/Fork", _WORLD),
    _file("SnapshotExport", "/v1/Snapshots/{Sid}/Export"),
    _resource(
        "World",
        _path(
            "/v1/World",
            "singleton",
            "World",
            Operation(id="lab.v1.FetchWorld", method="GET", verb="fetch", fields=_STANDING),
        ),
    ),
    _action("WorldReset", "/v1/World/Reset", _STANDING),
    _action("WorldFork", "/v1/World/Fork", _WORLD),
    _action("WorldLoad", "/v1/World/Load", _LOADED, _LOAD),
    _file("WorldExport", "/v1/World/Export"),
    _resource(
        "FreshWorld",
        _path(
            "/v1/Worlds",
            "collection",
            "FreshWorld",
            Operation(
                id="lab.v1.ListFreshWorld",
                method="GET",
                verb="list",
                params=PAGING,
                fields=_STANDING,
                list_key="worlds",
                paging="meta",
            ),
            Operation(
                id="lab.v1.CreateFreshWorld",
                method="POST",
                verb="create",
                body="form",
                status=201,
                params=(_NUMBERS, _PROFILE, Param(name="FriendlyName", location="body", max_length=64)),
                fields=_WORLD,
            ),
        ),
        _path(
            "/v1/Worlds/{Sid}",
            "instance",
            "FreshWorld",
            Operation(
                id="lab.v1.DeleteFreshWorld", method="DELETE", verb="delete", params=(SID,), status=204
            ),
        ),
    ),
)
