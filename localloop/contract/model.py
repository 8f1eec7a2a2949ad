"""The contract's vocabulary: what Twilio's published surface consists of, as frozen values.

Everything here is data about the API; nothing here serves a request. `localloop.contract.load()` builds these
values from `data/*.json` and the patches; `localloop.rest` interprets them.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

Style = Literal["2010", "product"]
Verb = Literal["create", "fetch", "list", "update", "delete"]
Role = Literal["collection", "instance", "singleton", "action", "view"]
Paging = Literal["2010", "meta", "token", "plain", "none"]
Source = Literal[
    "sid",  # the record's own SID or id
    "account",  # the SID of the account that owns the record
    "parent",  # an id from the path; `source_name` is the path parameter
    "param",  # a request parameter; `source_name` is the parameter's wire name
    "created",
    "updated",
    "version",  # revision counter: grows with each update
    "secret",  # generated once, random; a fresh SID where the field has a prefix (`Field.sid`)
    "url",  # this record's own address ("uri" in the 2010 style); `source_name`: its template where it is elsewhere
    "links",  # addresses of subresources, computed when rendered ("links", "subresource_uris")
    "initial",  # `Field.initial`, whatever it is (None included)
]


class Field(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One field of an answer."""

    name: str
    type: str = "any"  # string | integer | number | boolean | object | array | any
    format: str | None = None  # date-time | date-time-rfc-2822 | date | uri | uri-map | phone-number | ...
    sid: tuple[str, ...] = ()  # the two-letter SID prefixes that its pattern allows
    enum: tuple[str, ...] = ()
    nullable: bool = True
    source: Source = "initial"
    source_name: str = ""
    initial: Any = None
    filled: bool = False  # every published example that has this field fills it (not null, not empty)
    items: Field | None = None  # of an array
    fields: tuple[Field, ...] = ()  # of an object with declared members, each with its own source
    # source == "links": (name, template). `{Sid}`, or the instance path's id parameter, is the record's own id;
    # others are parameters of the path or, in snake case, fields of the record.
    links: tuple[tuple[str, str], ...] = ()


class Param(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One parameter of a request, by its wire name (`FriendlyName`, `DateSent>`, `If-Match`)."""

    name: str
    location: Literal["path", "query", "header", "body"]
    type: str = "string"  # string | integer | number | boolean | array | object | any
    format: str | None = (
        None  # date-time | date | uri | http-method | phone-number | sid | prefixed-map | ...
    )
    enum: tuple[str, ...] = ()
    sid: tuple[str, ...] = ()
    required: bool = False
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    items: Param | None = None  # of an array (wire: the key repeated)
    field: str | None = None  # the response field that it sets (dotted below an object) or filters (list)
    comparison: Literal["=", "<", "<=", ">", ">="] = "="  # of a list filter
    prefix: str = ""  # format == "prefixed-map": wire keys are `{prefix}.{name}`


class Operation(Struct, frozen=True, kw_only=True):
    """One method on one path."""

    id: str  # unique in the contract: "api.v2010.CreateMessage"
    method: str  # GET | POST | DELETE | PUT | PATCH
    verb: Verb
    params: tuple[Param, ...] = ()
    body: Literal["form", "json", "scim", "none"] = "none"
    status: int = 200
    fields: tuple[Field, ...] = ()  # of the answer (of one item, when verb == "list")
    list_key: str | None = None
    paging: Paging = "none"
    default_page_size: int = 50
    max_page_size: int = 1000
    if_match: bool = False  # accepts If-Match and answers ETag
    one_of: tuple[tuple[str, ...], ...] = ()  # of each group at least one parameter must be sent
    content_type: str = "application/json"


class Path(Struct, frozen=True, kw_only=True):
    """One path of an API, relative to its host, without the 2010 suffix."""

    template: str  # "/v1/Services/{ServiceSid}/Documents/{Sid}"
    role: Role
    kind: str  # the store's name for its records: "sync/Document"
    id_param: str | None = None  # instance paths: the parameter that names the record
    parents: tuple[
        tuple[str, str], ...
    ] = ()  # (path parameter, parent's kind), outermost first, without the account
    sets: tuple[tuple[str, bool | str], ...] = ()  # an action on its parent: the fields that it sets there
    operations: tuple[Operation, ...] = ()


class Resource(Struct, frozen=True, kw_only=True):
    """A kind of record in one API version, with every path that shows it."""

    key: str  # "api.v2010.Message": product, version, name; unique
    name: str
    kind: str
    prefixes: tuple[str, ...] = ()  # SID prefixes; empty: opaque ids, or named by a parameter
    id_field: str | None = (
        None  # the field that holds the record's id ("sid", "unique_name", "phone_number", …)
    )
    id_source: Literal["sid", "param", "opaque"] = "sid"
    id_param: str | None = (
        None  # id_source == "param": the create parameter that is the id (map item key, identity)
    )
    unique: tuple[
        str, ...
    ] = ()  # fields unique among siblings; the first may stand in place of the SID in a path
    made_by: Literal["client", "activity", "catalogue"] = "client"
    upsert: bool = False  # an update of a record that does not exist creates it
    attaches: str | None = (
        None  # a create attaches a record of this kind: same id, and fields of equal name show here
    )
    paths: tuple[Path, ...] = ()


class Api(Struct, frozen=True, kw_only=True):
    """One version of one product."""

    product: str  # path prefix and first host label: "verify", "flex-api", "api"
    version: str  # "v2", "2010-04-01"
    style: Style
    resources: tuple[Resource, ...] = ()

    @property
    def host(self) -> str:
        return f"{self.product}.twilio.com"
