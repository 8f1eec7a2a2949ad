"""The lab's resources for what channels decide: their senders, approvals of templates, and domains of short links."""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import DATES, PAGING, SID, URL
from localloop.products.content import STATUSES
from localloop.products.messaging import LINK_FAILURES, SENDER_STATUSES

_SENDER = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="sender_id", type="string"),
    Field(name="status", type="string", enum=SENDER_STATUSES),
    Field(name="verification_code", type="string"),
    Field(name="join_code", type="string"),
    *DATES,
)
_APPROVAL = (
    Field(name="sid", type="string"),
    Field(name="name", type="string"),
    Field(name="category", type="string"),
    Field(name="content_type", type="string"),
    Field(name="status", type="string", enum=STATUSES),
    Field(name="rejection_reason", type="string"),
)
_DOMAIN = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="domain_name", type="string"),
    Field(name="link_prefix", type="string"),
    Field(name="is_valid", type="boolean"),
    Field(name="reason", type="string"),
    Field(name="is_blocked", type="boolean"),
    Field(name="denied_url", type="string"),
    Field(name="failure", type="integer"),
    *DATES,
    URL,
)


def _resource(
    name: str, collection: str, *operations: Operation, above: tuple[Operation, ...] = ()
) -> Resource:
    """A resource whose records are named by a SID; `above` are the operations of its collection."""
    kind = f"lab/{name}"
    instance = Path(
        template=f"{collection}/{{Sid}}", role="instance", kind=kind, id_param="Sid", operations=operations
    )
    listed = Path(template=collection, role="collection", kind=kind, operations=above)
    return Resource(
        key=f"lab.v1.{name}",
        name=name,
        kind=kind,
        id_field="sid",
        paths=(listed, instance) if above else (instance,),
    )


RESOURCES = (
    _resource(
        "ChannelSender",
        "/v1/ChannelSenders",
        Operation(id="lab.v1.FetchChannelSender", method="GET", verb="fetch", params=(SID,), fields=_SENDER),
        Operation(
            id="lab.v1.UpdateChannelSender",
            method="POST",
            verb="update",
            body="form",
            params=(
                SID,
                Param(name="Status", location="body", enum=SENDER_STATUSES),
                Param(name="JoinCode", location="body", max_length=100),
            ),
            fields=_SENDER,
        ),
    ),
    _resource(
        "ContentApproval",
        "/v1/ContentApprovals",
        Operation(
            id="lab.v1.UpdateContentApproval",
            method="POST",
            verb="update",
            body="form",
            params=(
                SID,
                Param(name="Status", location="body", enum=STATUSES, required=True),
                Param(name="Reason", location="body", max_length=1000),
            ),
            fields=_APPROVAL,
        ),
    ),
    _resource(
        "LinkDomain",
        "/v1/LinkDomains",
        Operation(id="lab.v1.FetchLinkDomain", method="GET", verb="fetch", params=(SID,), fields=_DOMAIN),
        Operation(
            id="lab.v1.UpdateLinkDomain",
            method="POST",
            verb="update",
            body="form",
            params=(
                SID,
                Param(name="IsValid", location="body", type="boolean"),
                Param(name="Reason", location="body", max_length=1000),
                Param(name="IsBlocked", location="body", type="boolean"),
                Param(name="DeniedUrl", location="body", max_length=1000),
                Param(name="Failure", location="body", enum=("", *map(str, LINK_FAILURES))),
            ),
            fields=_DOMAIN,
        ),
        above=(
            Operation(
                id="lab.v1.ListLinkDomain",
                method="GET",
                verb="list",
                params=PAGING,
                fields=_DOMAIN,
                list_key="domains",
                paging="meta",
            ),
            Operation(
                id="lab.v1.CreateLinkDomain",
                method="POST",
                verb="create",
                body="form",
                status=201,
                params=(Param(name="DomainName", location="body", max_length=253),),
                fields=_DOMAIN,
            ),
        ),
    ),
)
