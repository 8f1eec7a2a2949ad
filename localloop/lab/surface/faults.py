"""The lab's resources for faults in the contract's vocabulary: what shall go wrong, and what did."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.faults.rule import KINDS, MAX_SEED
from localloop.lab.surface.vocabulary import CREATED, PAGING, SID, URL

MAX_DELAY_MS = 86_400_000
STATUSES = (400, 403, 404, 408, 410, 429, 500, 502, 503, 504)
_KINDS = tuple(KINDS)
_FAULT = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="kind", type="string", enum=_KINDS),
    Field(name="description", type="string"),
    Field(name="match", type="object", initial={}),
    Field(name="probability", type="number"),
    Field(name="count", type="integer"),
    Field(name="applied", type="integer", initial=0),
    Field(name="delay", type="integer"),
    Field(name="status", type="integer"),
    Field(name="error_code", type="integer"),
    Field(name="seed", type="integer"),
    Field(name="position", type="integer"),
    Field(name="source", type="string", enum=("lab", "chaos")),
    CREATED,
    URL,
    Field(
        name="links",
        type="object",
        format="uri-map",
        source="links",
        links=(("applied_faults", "/v1/AppliedFaults?FaultSid={Sid}"),),
    ),
)
_APPLIED = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="fault_sid", type="string"),
    Field(name="kind", type="string", enum=_KINDS),
    Field(name="description", type="string"),
    Field(name="resource_sid", type="string"),
    Field(name="event", type="string"),
    Field(name="attempt", type="integer"),
    CREATED,
)
_RETRY = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="operation", type="string"),
    Field(name="path", type="string"),
    Field(name="attempts", type="integer"),
    Field(name="statuses", type="array", initial=[]),
    Field(name="request_sids", type="array", initial=[]),
    Field(name="resource_sids", type="array", initial=[]),
    Field(name="duplicates", type="integer"),
    Field(name="storm", type="boolean"),
    Field(name="idempotency_key", type="string"),
    Field(name="date_began", type="string", format="date-time"),
    Field(name="date_ended", type="string", format="date-time"),
)
_RULE = (
    Param(name="Kind", location="body", enum=_KINDS, required=True),
    Param(name="Match", location="body", type="object", format="prefixed-map", prefix="Match"),
    Param(name="Probability", location="body", type="number", minimum=0, maximum=1),
    Param(name="Count", location="body", type="integer", minimum=1, maximum=1_000_000),
    Param(name="Delay", location="body", type="integer", minimum=0, maximum=MAX_DELAY_MS),
    Param(name="Status", location="body", enum=tuple(map(str, STATUSES))),
    Param(name="ErrorCode", location="body", type="integer", minimum=10_000, maximum=99_999),
    Param(name="Seed", location="body", type="integer", minimum=0, maximum=MAX_SEED),
)

RESOURCES = (
    Resource(
        key="lab.v1.Fault",
        name="Fault",
        kind="lab/Fault",
        prefixes=("LF",),
        id_field="sid",
        paths=(
            Path(
                template="/v1/Faults",
                role="collection",
                kind="lab/Fault",
                operations=(
                    Operation(
                        id="lab.v1.CreateFault",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=_RULE,
                        fields=_FAULT,
                    ),
                    Operation(
                        id="lab.v1.ListFault",
                        method="GET",
                        verb="list",
                        params=PAGING,
                        fields=_FAULT,
                        list_key="faults",
                        paging="meta",
                    ),
                    Operation(id="lab.v1.DeleteFaults", method="DELETE", verb="delete", status=204),
                ),
            ),
            Path(
                template="/v1/Faults/{Sid}",
                role="instance",
                kind="lab/Fault",
                id_param="Sid",
                operations=(
                    Operation(
                        id="lab.v1.FetchFault", method="GET", verb="fetch", params=(SID,), fields=_FAULT
                    ),
                    Operation(
                        id="lab.v1.DeleteFault", method="DELETE", verb="delete", status=204, params=(SID,)
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.AppliedFault",
        name="AppliedFault",
        kind="lab/AppliedFault",
        prefixes=("LA",),
        id_field="sid",
        paths=(
            Path(
                template="/v1/AppliedFaults",
                role="collection",
                kind="lab/AppliedFault",
                operations=(
                    Operation(
                        id="lab.v1.ListAppliedFault",
                        method="GET",
                        verb="list",
                        params=(
                            Param(name="FaultSid", location="query"),
                            Param(name="Kind", location="query", enum=_KINDS),
                            Param(name="ResourceSid", location="query"),
                            *PAGING,
                        ),
                        fields=_APPLIED,
                        list_key="applied_faults",
                        paging="meta",
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.Retry",
        name="Retry",
        kind="lab/Retry",
        prefixes=("RQ",),
        id_field="sid",
        paths=(
            Path(
                template="/v1/Retries",
                role="collection",
                kind="lab/Retry",
                operations=(
                    Operation(
                        id="lab.v1.ListRetry",
                        method="GET",
                        verb="list",
                        params=(Param(name="Duplicates", location="query", type="boolean"), *PAGING),
                        fields=_RETRY,
                        list_key="retries",
                        paging="meta",
                    ),
                ),
            ),
        ),
    ),
)
