"""The lab's resources of consent and permissions in the contract's vocabulary: what Twilio's Console shows and sets."""

from __future__ import annotations

from typing import Final

from localloop.contract.model import Field, Operation, Param, Path, Resource, Verb
from localloop.lab.surface.vocabulary import CREATED, DATES, PAGING, URL

_CONSENT: Final = (
    Field(name="recipient", type="string"),
    Field(name="sender", type="string"),
    Field(name="status", type="string", enum=("opt-in", "opt-out")),
    Field(name="source", type="string"),
    Field(name="date_of_consent", type="string", format="date-time"),
    *DATES,
)
_CONTACT: Final = (
    Field(name="contact_id", type="string", format="phone-number"),
    Field(name="country_iso_code", type="string"),
    Field(name="zip_code", type="string"),
    *DATES,
)
_HANDLING: Final = (
    Field(name="sender", type="string"),
    Field(name="mode", type="string", enum=("default", "advanced", "off"), initial="default"),
    Field(name="keywords", type="array", initial=[]),
    *DATES,
    URL,
)
_PREFIX: Final = (
    Field(name="prefix", type="string"),
    CREATED,
)
_DEACTIVATION: Final = (
    Field(name="phone_number", type="string", format="phone-number"),
    Field(name="date", type="string"),
)
_SENDER: Final = Param(name="Sender", location="path", required=True)
_PREFIX_ID: Final = Param(name="Prefix", location="path", required=True)


def _operation(
    id: str, verb: Verb, fields: tuple[Field, ...], params: tuple[Param, ...] = (), list_key: str = ""
) -> Operation:
    writes = verb in ("create", "update")
    status = {"create": 201, "delete": 204}.get(verb, 200)
    return Operation(
        id=f"lab.v1.{id}",
        method="POST" if writes else "DELETE" if verb == "delete" else "GET",
        verb=verb,
        body="form" if writes else "none",
        status=status,
        params=(*params, *PAGING) if verb == "list" else params,
        fields=fields,
        list_key=list_key or None,
        paging="meta" if verb == "list" else "none",
    )


def _collection(name: str, template: str, *operations: Operation) -> Path:
    return Path(template=template, role="collection", kind=f"lab/{name}", operations=operations)


def _instance(name: str, template: str, id_param: str, *operations: Operation) -> Path:
    return Path(
        template=template, role="instance", kind=f"lab/{name}", id_param=id_param, operations=operations
    )


RESOURCES: Final = (
    Resource(
        key="lab.v1.Consent",
        name="Consent",
        kind="lab/Consent",
        paths=(
            _collection(
                "Consent",
                "/v1/Consents",
                _operation(
                    "ListConsent",
                    "list",
                    _CONSENT,
                    (
                        Param(name="Recipient", location="query"),
                        Param(name="Sender", location="query"),
                        Param(name="Status", location="query", enum=("opt-in", "opt-out")),
                    ),
                    "consents",
                ),
            ),
        ),
    ),
    Resource(
        key="lab.v1.Contact",
        name="Contact",
        kind="lab/Contact",
        paths=(
            _collection(
                "Contact", "/v1/Contacts", _operation("ListContact", "list", _CONTACT, (), "contacts")
            ),
        ),
    ),
    Resource(
        key="lab.v1.OptOutHandling",
        name="OptOutHandling",
        kind="lab/OptOutHandling",
        id_field="sender",
        id_source="param",
        paths=(
            _collection(
                "OptOutHandling",
                "/v1/OptOutHandlings",
                _operation("ListOptOutHandling", "list", _HANDLING, (), "opt_out_handlings"),
            ),
            _instance(
                "OptOutHandling",
                "/v1/OptOutHandlings/{Sender}",
                "Sender",
                _operation("FetchOptOutHandling", "fetch", _HANDLING, (_SENDER,)),
                _operation(
                    "UpdateOptOutHandling",
                    "update",
                    _HANDLING,
                    (
                        _SENDER,
                        Param(name="Mode", location="body", enum=("default", "advanced", "off")),
                        Param(name="Keywords", location="body", type="string"),
                    ),
                ),
                _operation("DeleteOptOutHandling", "delete", (), (_SENDER,)),
            ),
        ),
    ),
    Resource(
        key="lab.v1.BlockedPrefix",
        name="BlockedPrefix",
        kind="lab/BlockedPrefix",
        id_field="prefix",
        id_source="param",
        paths=(
            _collection(
                "BlockedPrefix",
                "/v1/BlockedPrefixes",
                _operation("ListBlockedPrefix", "list", _PREFIX, (), "blocked_prefixes"),
                _operation(
                    "CreateBlockedPrefix",
                    "create",
                    _PREFIX,
                    (Param(name="Prefix", location="body", required=True),),
                ),
            ),
            _instance(
                "BlockedPrefix",
                "/v1/BlockedPrefixes/{Prefix}",
                "Prefix",
                _operation("DeleteBlockedPrefix", "delete", (), (_PREFIX_ID,)),
            ),
        ),
    ),
    Resource(
        key="lab.v1.Deactivation",
        name="Deactivation",
        kind="lab/Deactivation",
        paths=(
            _collection(
                "Deactivation",
                "/v1/Deactivations",
                _operation(
                    "CreateDeactivation",
                    "create",
                    _DEACTIVATION,
                    (
                        Param(name="PhoneNumber", location="body", required=True),
                        Param(name="Date", location="body", format="date"),
                    ),
                ),
            ),
        ),
    ),
)
