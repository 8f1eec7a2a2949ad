"""The lab's resources for messages in the contract's vocabulary: what an account wants of them, files from phones, and
many deleted at once.
"""

from __future__ import annotations

from localloop.contract.model import Field, Operation, Param, Path, Resource
from localloop.lab.surface.vocabulary import CREATED, DATES, PAGING, SID, URL

MAX_DAYS = 36_500
STATUSES = ("delivered", "undelivered", "failed", "read", "canceled", "received")
DIRECTIONS = ("inbound", "outbound", "outbound-api", "outbound-call", "outbound-reply")

_SETTINGS = (
    Field(name="account_sid", type="string"),
    Field(name="media_auth", type="boolean"),
    Field(name="media_fetch", type="boolean"),
    Field(name="mms", type="boolean"),
    Field(name="retention_days", type="integer"),
    URL,
)
_WISHES = (
    Param(name="MediaAuth", location="body", type="boolean"),
    Param(name="MediaFetch", location="body", type="boolean"),
    Param(name="Mms", location="body", type="boolean"),
    Param(name="RetentionDays", location="body", type="integer", minimum=0, maximum=MAX_DAYS),
)
_UPLOAD = (
    Field(name="address", type="string"),
    Field(name="content_type", type="string"),
    Field(name="size", type="integer"),
    CREATED,
)
_DELETION = (
    Field(name="sid", type="string"),
    Field(name="account_sid", type="string"),
    Field(name="status", type="string", enum=("queued", "in-progress", "completed", "canceled")),
    Field(name="filters", type="object", initial={}),
    Field(name="total", type="integer"),
    Field(name="deleted", type="integer", initial=0),
    Field(name="in_flight", type="integer", initial=0),
    *DATES,
    URL,
)
_FILTERS = (
    Param(name="CreatedAfter", location="body", format="date-time"),
    Param(name="CreatedBefore", location="body", format="date-time"),
    Param(name="To", location="body"),
    Param(name="From", location="body"),
    Param(name="Status", location="body", enum=STATUSES),
    Param(name="Direction", location="body", enum=DIRECTIONS),
)

RESOURCES = (
    Resource(
        key="lab.v1.MessagingSettings",
        name="MessagingSettings",
        kind="lab/MessagingSettings",
        paths=(
            Path(
                template="/v1/MessagingSettings",
                role="singleton",
                kind="lab/MessagingSettings",
                operations=(
                    Operation(
                        id="lab.v1.FetchMessagingSettings", method="GET", verb="fetch", fields=_SETTINGS
                    ),
                    Operation(
                        id="lab.v1.UpdateMessagingSettings",
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
        key="lab.v1.Upload",
        name="Upload",
        kind="lab/Upload",
        paths=(
            Path(
                template="/v1/Uploads",
                role="collection",
                kind="lab/Upload",
                operations=(
                    Operation(
                        id="lab.v1.CreateUpload",
                        method="POST",
                        verb="create",
                        body="form",
                        status=201,
                        params=(
                            Param(name="Content", location="body", format="binary", required=True),
                            Param(name="ContentType", location="body", required=True),
                        ),
                        fields=_UPLOAD,
                    ),
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.MessageDeletion",
        name="MessageDeletion",
        kind="lab/MessageDeletion",
        prefixes=("MD",),
        id_field="sid",
        paths=(
            Path(
                template="/v1/MessageDeletions",
                role="collection",
                kind="lab/MessageDeletion",
                operations=(
                    Operation(
                        id="lab.v1.ListMessageDeletion",
                        method="GET",
                        verb="list",
                        params=PAGING,
                        fields=_DELETION,
                        list_key="message_deletions",
                        paging="meta",
                    ),
                    Operation(
                        id="lab.v1.CreateMessageDeletion",
                        method="POST",
                        verb="create",
                        body="form",
                        status=202,
                        params=_FILTERS,
                        fields=_DELETION,
                    ),
                ),
            ),
            Path(
                template="/v1/MessageDeletions/{Sid}",
                role="instance",
                kind="lab/MessageDeletion",
                id_param="Sid",
                operations=(
                    Operation(
                        id="lab.v1.FetchMessageDeletion",
                        method="GET",
                        verb="fetch",
                        params=(SID,),
                        fields=_DELETION,
                    ),
                    Operation(
                        id="lab.v1.UpdateMessageDeletion",
                        method="POST",
                        verb="update",
                        body="form",
                        params=(
                            SID,
                            Param(name="Status", location="body", enum=("canceled",), required=True),
                        ),
                        fields=_DELETION,
                    ),
                ),
            ),
        ),
    ),
)
