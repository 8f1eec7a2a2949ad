"""Writes what `localloop check` knows of docs/differences.md: the rows that concern operations, and which ones.

The page is the source of the words. A row concerns an operation wherever it is used, or only with certain parameters.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from localloop.contract import load
from localloop.intercept.survey.verdict import DIFFERENCES

PAGE = Path(__file__).parents[1] / "docs" / "differences.md"
# The first cell of a row, and what it concerns: an operation, and perhaps parameters, of which one has to be used
# (with a plus: both).
CONCERNS: dict[str, list[str]] = {
    "Closed subaccounts": ["api.v2010.UpdateAccount Status"],
    "Balance": ["api.v2010.FetchBalance"],
    "OAuth grants": ["iam.v1.CreateToken", "oauth.v1.CreateToken", "oauth.v2.CreateOauth2Token"],
    "Access tokens for REST": ["iam.v1.CreateToken", "oauth.v1.CreateToken", "oauth.v2.CreateOauth2Token"],
    "Permissions of restricted keys": ["iam.v1.CreateNewKey Policy", "iam.v1.UpdateKey Policy"],
    "`DELETE` while `sent`": ["api.v2010.DeleteMessage"],
    "Media": ["api.v2010.CreateMessage MediaUrl", "api.v2010.ListMedia", "api.v2010.FetchMedia"],
    "`DELETE` of media on their way": ["api.v2010.DeleteMedia"],
    "`MessagingServiceSid` with `From`": ["api.v2010.CreateMessage MessagingServiceSid+From"],
    "`ScanMessageContent`, `SynchronousValidation`": [
        "messaging.v1.CreateService ScanMessageContent SynchronousValidation",
        "messaging.v1.UpdateService ScanMessageContent SynchronousValidation",
    ],
    "Feedback": ["api.v2010.CreateMessageFeedback"],
    "Brands, campaigns, toll-free verifications": [
        "messaging.v1.CreateBrandRegistrations",
        "messaging.v1.CreateUsAppToPerson",
        "messaging.v1.CreateTollfreeVerification",
    ],
    "Senders of WhatsApp": ["messaging.v2.CreateChannelsSender"],
    "Templates": ["content.v1.CreateApprovalCreate"],
    "Limits of content types": ["content.v1.CreateContent"],
    "Bulk consents and contacts": ["accounts.v1.CreateBulkConsents", "accounts.v1.CreateBulkContacts"],
}
# Rows about parameters of messages concern those that their first cell names.
MESSAGE = "api.v2010.CreateMessage"
_ROW = re.compile(r"^\| (?!\|)(.+?) \| (.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)


def rows() -> list[dict[str, Any]]:
    """What the file should hold."""
    found: list[dict[str, Any]] = []
    for name, twilio, here, _ in _ROW.findall(PAGE.read_text()):
        concerns = CONCERNS.get(name) or _of_messages(name)
        if concerns:
            found.append(
                {"about": _bare(name), "twilio": _bare(twilio), "here": _bare(here), "concerns": concerns}
            )
    return found


def titles() -> set[str]:
    """The first cell of every row of the page."""
    return {name for name, *_ in _ROW.findall(PAGE.read_text())}


def _of_messages(name: str) -> list[str]:
    known = {param.name for param in load().operation(MESSAGE)[3].params}
    params = [each for each in re.findall(r"`(\w+)`", name) if each in known and each != "From"]
    return [f"{MESSAGE} {' '.join(params)}"] if params else []


def _bare(cell: str) -> str:
    """Without marks: it is read in a terminal."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", cell).replace("`", "").replace("**", "")


def text() -> str:
    return json.dumps(rows(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    DIFFERENCES.write_text(text())
