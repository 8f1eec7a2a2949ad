"""Every attribute that a typed value has is read: a good value that is not the default arrives there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec import Struct

from localloop.twiml.voice import grammar, reader
from localloop.twiml.voice.kinds import Flag, Hints, Kind, Link, OneOf, Socket, SomeOf, Text, Whole

URL = "https://app.example.com/start"
_ZEROS = "0" * 31 + "1"
# A document around each element; the attributes go where the braces are.
_AROUND = {
    "Say": "<Say {}>a</Say>",
    "Play": "<Play {}>a.mp3</Play>",
    "Prompt": "<Pay><Prompt {}><Say>a</Say></Prompt></Pay>",
    "Number": "<Dial><Number {}>+12125550101</Number></Dial>",
    "Client": "<Dial><Client {}>joe</Client></Dial>",
    "Sip": "<Dial><Sip {}>sip:a@b.example</Sip></Dial>",
    "SipUri": "<Dial><Sip><Uri {}>sip:a@b.example</Uri></Sip></Dial>",
    "Application": "<Dial><Application {}>AP1</Application></Dial>",
    "WhatsApp": "<Dial><WhatsApp {}>+12125550101</WhatsApp></Dial>",
    "Conference": "<Dial><Conference {}>a</Conference></Dial>",
    "Queue": "<Dial><Queue {}>a</Queue></Dial>",
    "Enqueue": "<Enqueue {}>a</Enqueue>",
    "Task": f"<Enqueue workflowSid='WW{_ZEROS}'><Task {{}}>{{{{}}}}</Task></Enqueue>",
    "Sms": "<Sms {}>a</Sms>",
    "Message": "<Message {}>a</Message>",
    "Redirect": "<Redirect {}>/a</Redirect>",
    "Refer": "<Refer {}><Sip>sip:a@b.example</Sip></Refer>",
    "Connect": "<Connect {}><Room>a</Room></Connect>",
    "Stream": "<Stop><Stream {}/></Stop>",
    "Siprec": "<Start><Siprec {}/></Start>",
    "Transcription": "<Start><Transcription {}/></Start>",
    "Recording": "<Start><Recording {}/></Start>",
}
# What no kind can tell: texts of a form of their own.
_GIVEN = {
    "voice": "Polly.Amy",
    "language": "de-DE",
    "languageCode": "de-DE",
    "digits": "1w2",
    "sendDigits": "1w2",
    "finishOnKey": "9",
    "speechModel": "phone_call",
    "byoc": f"BY{_ZEROS}",
    "callerId": "+12125550102",
    "to": "+12125550101",
    "from": "+12125550102",
    "coach": f"CA{_ZEROS}",
    "reservationSid": f"WR{_ZEROS}",
    "postWorkActivitySid": f"WA{_ZEROS}",
    "workflowSid": f"WW{_ZEROS}",
    "chargeAmount": "10.50",
    "currency": "eur",
    "postalCode": "94105",
    "participantLabel": "host",
}


def _sample(name: str, kind: Kind, default: object) -> str:
    if name in _GIVEN:
        return _GIVEN[name]
    match kind:
        case Whole(least=least):
            return str(least + 1 if default != least + 1 else least + 2)
        case Flag():
            return "false" if default is True else "true"
        case OneOf(values=values) | SomeOf(values=values):
            return next((value for value in values if default not in (value, (value,))), values[0])
        case Link():
            return "https://other.example.com/x"
        case Socket():
            return "wss://other.example.com/x"
        case Hints():
            return "yes, no"
        case Text():
            return "something"


def _values(value: object) -> Iterator[Struct]:
    """A typed value and all inside it."""
    if isinstance(value, Struct):
        yield value
        for field in value.__struct_fields__:
            yield from _values(getattr(value, field))
    elif isinstance(value, tuple):
        for each in value:
            yield from _values(each)


_TYPED = [
    pytest.param(key, attribute, id=f"{key}.{attribute.name}")
    for key, node in grammar.NODES.items()
    if node.type is not None
    for attribute in node.attributes
]


@pytest.mark.parametrize(("key", "attribute"), _TYPED)
def test_every_attribute_is_read(key: str, attribute: grammar.Attribute) -> None:
    node: Any = grammar.NODES[key]
    sample = _sample(attribute.name, attribute.kind, grammar.default_of(node, attribute))
    document = _AROUND.get(key, f"<{key} {{}}/>").format(f'{attribute.name}="{sample}"')
    script = reader.read(f"<Response>{document}</Response>".encode(), "text/xml", URL)
    assert script.notices == ()
    found = [value for value in _values(script.verbs) if isinstance(value, node.type)]
    assert getattr(found[-1], attribute.field) == attribute.kind.read(sample, URL)


def test_hidden_behind_no_type_is_only_what_is_handed_on_as_it_is() -> None:
    """Sessions of Connect keep their attributes by name."""
    given = '<ConversationRelay url="wss://a.example/x" dtmfDetection="true" hints="a,b"/>'
    script = reader.read(f"<Response><Connect>{given}</Connect></Response>".encode(), "text/xml", URL)
    session = msgspec.to_builtins(script.verbs[0])["session"]
    assert session["attributes"] == {"url": "wss://a.example/x", "dtmfDetection": "true", "hints": "a,b"}
