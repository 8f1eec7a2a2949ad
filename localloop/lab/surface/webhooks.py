"""The lab's resources for webhooks in the contract's vocabulary: what an account wants, and what became of it."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import CREATED, PAGING, SID, URL

_SETTINGS = (
    Field(name="account_sid", type="string"),
    Field(name="retries", type="string", enum=("twilio", "extended")),
    Field(name="record", type="string", enum=("full", "failures")),
    Field(name="debugger_url", type="string"),
    Field(name="debugger_method", type="string", enum=("GET", "POST")),
    URL,
)
_WISHES = (
    Param(name="Retries", location="body", enum=("twilio", "extended", "")),
    Param(name="Record", location="body", enum=("full", "failures", "")),
    Param(name="DebuggerUrl", location="body"),
    Param(name="DebuggerMethod", location="body", enum=("GET", "POST", "")),
)
_COMPACT = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="kind", type="string", enum=("notification", "instruction")),
    Field(name="resource_sid", type="string"),
    Field(name="method", type="string"),
    Field(name="request_url", type="string"),
    Field(name="attempt", type="integer"),
    Field(name="status_code", type="integer"),
    Field(name="error_code", type="integer"),
    Field(name="error", type="string"),
    Field(name="duration_ms", type="integer"),
    Field(name="idempotency_token", type="string"),
    Field(name="replay_of", type="string"),
    CREATED,
    URL,
)
_DETAILED = (
    *_COMPACT,
    Field(name="request", type="object"),
    Field(name="response", type="object"),
    Field(name="timings", type="object"),
    Field(name="attempts", type="array", initial=[]),
    Field(name="alerts", type="array", initial=[]),
)
_REPLAYED = (
    Field(name="replayed", type="integer"),
    Field(name="skipped", type="object", initial={}),
    Field(name="more", type="boolean", initial=False),
    Field(name="idempotency_token", type="string"),
    Field(name="replay_of", type="string"),
)
_FILTERS = (
    Param(name="Url", location="query"),
    Param(name="Status", location="query", enum=("failed", "ok")),
    Param(name="Kind", location="query", enum=("notification", "instruction")),
    Param(name="ResourceSid", location="query"),
    Param(name="ReplayOf", location="query"),
    Param(name="Since", location="query", format="date-time"),
    Param(name="Until", location="query", format="date-time"),
)

RESOURCES = (
    Resource(
        key="lab.v1.WebhookSettings",
        name="WebhookSettings",
        kind="lab/WebhookSettings",
        paths=(
            Path(
                template="/v1/WebhookSettings",
                role="singleton",
                kind="lab/WebhookSettings",
                operations=(
                    Operation(id="lab.v1.FetchWebhookSettings", method="GET", verb="fetch", fields=_SETTINGS),
                    Operation(
                        id="lab.v1.UpdateWebhookSettings",
                        method="POST",
                        verb="update",
                        body="form",
                        params=_WISHES,
                        fields=_SETTINGS,
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.Delivery",
        name="Delivery",
        kind="lab/Delivery",
        prefixes=("WH",),
        id_field="sid",
        paths=(
            Path(
                template="/v1/Deliveries",
                role="collection",
                kind="lab/Delivery",
                operations=(
                    Operation(
                        id="lab.v1.ListDelivery",
                        method="GET",
                        verb="list",
                        params=(*_FILTERS, *PAGING),
                        fields=_COMPACT,
                        list_key="deliveries",
                        paging="meta",
                    ),
                ),
            ),
            Path(
                template="/v1/Deliveries/{Sid}",
                role="instance",
                kind="lab/Delivery",
                id_param="Sid",
                operations=(
                    Operation(
                        id="lab.v1.FetchDelivery",
                        method="GET",
                        verb="fetch",
                        params=(SID,),
                        fields=_DETAILED,
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.DeliveryReplay",
        name="DeliveryReplay",
        kind="lab/DeliveryReplay",
        paths=(
            Path(
                template="/v1/DeliveryReplays",
                role="collection",
                kind="lab/DeliveryReplay",
                operations=(
                    Operation(
                        id="lab.v1.CreateDeliveryReplay",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=(
                            Param(name="Sid", location="body"),
                            Param(name="Url", location="body"),
                            Param(name="Since", location="body", format="date-time"),
                            Param(name="Until", location="body", format="date-time"),
                        ),
                        fields=_REPLAYED,
                        one_of=(("Sid", "Url", "Since", "Until"),),
                    ),
                ),
            ),
        ),
    ),
)
