"""Documents of calls become typed verbs; what is wrong in them is said with Twilio's codes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localloop.twiml.document import MAX_BYTES, Element, TwimlError
from localloop.twiml.voice import grammar, reader, verbs
from localloop.twiml.voice.reader import Script

URL = "https://app.example.com/calls/start?x=1"


def read(inside: str, url: str = URL) -> Script:
    return reader.read(f"<Response>{inside}</Response>".encode(), "text/xml", url)


def one(inside: str) -> Any:
    """The only verb, which nothing is said about."""
    script = read(inside)
    assert script.notices == ()
    (verb,) = script.verbs
    return verb


def codes(inside: str) -> list[int]:
    return [notice.code for notice in read(inside).notices]


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<Say loop='-1'>a</Say>", 13510),
        ("<Say voice='Bob'>a</Say>", 13511),
        ("<Say language='!!'>a</Say>", 13512),
        ("<Say voice='Google.de-DE-Wavenet-A' language='fr-FR'>a</Say>", 13512),
        ("<Say>a<prosody rate='hasty'>b</prosody></Say>", 13513),
        ("<Say/>", 13520),
        (f"<Say>{'a' * 4097}</Say>", 13521),
        ("<Play loop='x'>/a.mp3</Play>", 13410),
        ("<Play digits='12z'/>", 13430),
        ("<Pause length='0'/>", 13910),
        ("<Redirect method='PUT'>/a</Redirect>", 13710),
        ("<Reject reason='tired'/>", 13810),
        ("<Gather finishOnKey='##'/>", 13310),
        ("<Gather method='PUT'/>", 13312),
        ("<Gather timeout='0'/>", 13313),
        ("<Gather timeout='auto'/>", 13313),
        ("<Gather numDigits='0'/>", 13314),
        ("<Gather><Record/></Gather>", 13320),
        ("<Gather><Say voice='Bob'>a</Say></Gather>", 13321),
        ("<Gather><Say loop='-1'>a</Say></Gather>", 13322),
        ("<Gather input='voice'/>", 13326),
        ("<Gather speechTimeout='soon'/>", 13327),
        ("<Gather maxSpeechTime='x'/>", 13328),
        ("<Gather partialResultCallbackMethod='PUT'/>", 13329),
        (f"<Gather hints='{'a' * 101}'/>", 13330),
        ("<Gather language='x'/>", 13331),
        ("<Gather bargeIn='no'/>", 13332),
        ("<Gather profanityFilter='no'/>", 13333),
        ("<Gather speechModel='mine'/>", 13334),
        ("<Gather input='speech' speechTimeout='auto' speechModel='default'/>", 13335),
        ("<Record method='PUT'/>", 13610),
        ("<Record timeout='-1'/>", 13611),
        ("<Record maxLength='1'/>", 13612),
        ("<Record finishOnKey='a'/>", 13613),
        ("<Record transcribe='maybe'/>", 13614),
        ("<Record transcribe='true' maxLength='121'/>", 13615),
        ("<Record playBeep='x'/>", 13616),
        ("<Record trim='x'/>", 13699),
        ("<Record recordingStatusCallback='ftp://a'/>", 13256),
        ("<Dial method='PUT'/>", 13210),
        ("<Dial timeout='601'/>", 13212),
        ("<Dial hangupOnStar='x'/>", 13213),
        ("<Dial callerId='a b!'/>", 13214),
        ("<Start><Stream url='wss://a'><Say/></Stream></Start>", 12200),
        ("<Start><Transcription><Say/></Transcription></Start>", 12200),
        ("<Connect><ConversationRelay url='wss://a'><Say/></ConversationRelay></Connect>", 12200),
        ("<Dial><Sip>sip:a@b<Say/></Sip></Dial>", 12200),
        (f"<Dial callerId='{'1' * 256}'/>", 13248),
        ("<Dial><Say>a</Say></Dial>", 13215),
        ("<Dial timeLimit='0'/>", 13216),
        ("<Dial record='always'/>", 13217),
        ("<Dial sequential='x'/>", 13218),
        ("<Dial answerOnBridge='x'/>", 13219),
        ("<Dial ringTone='xx'/>", 13220),
        ("<Dial><Number method='PUT'>+12125550101</Number></Dial>", 13221),
        ("<Dial><Number sendDigits='x'>+12125550101</Number></Dial>", 13222),
        ("<Dial>hello</Dial>", 13223),
        ("<Dial>+1</Dial>", 13223),
        ("<Dial>+121255</Dial>", 13224),
        ("<Dial>+9991234567</Dial>", 13226),
        ("<Dial><Sip method='PUT'>sip:a@b.c</Sip></Dial>", 13241),
        ("<Dial><Sip>joe</Sip></Dial>", 13243),
        (f"<Dial><Sip username='{'a' * 256}'>sip:a@b.c</Sip></Dial>", 13249),
        ("<Dial><Sip>" + "<Uri>sip:a@b.c</Uri>" * 11 + "</Sip></Dial>", 13250),
        ("<Dial><Sip>sip:a@b.c?Via=x</Sip></Dial>", 13252),
        (f"<Dial><Sip>sip:a@b.c?X-A={'x' * 1025}</Sip></Dial>", 13253),
        ("<Dial><Conference muted='x'>a</Conference></Dial>", 13230),
        ("<Dial><Conference startConferenceOnEnter='x'>a</Conference></Dial>", 13232),
        ("<Dial><Conference waitUrl='ftp://a'>a</Conference></Dial>", 13233),
        ("<Dial><Conference waitMethod='x'>a</Conference></Dial>", 13234),
        ("<Dial><Conference beep='x'>a</Conference></Dial>", 13235),
        ("<Dial><Conference/></Dial>", 13237),
        ("<Sms to='nobody!'>a</Sms>", 14101),
        ("<Sms/>", 14103),
        ("<Start><Stream url='wss://a' statusCallback='/s'/></Start>", 11100),
        ("<Start><Transcription statusCallbackUrl='/s'/></Start>", 11100),
        ("<say>a</say>", 12200),
        ("<Say Voice='man'>a</Say>", 12200),
        ("text", 12200),
        ("<Hangup>now</Hangup>", 12200),
    ],
)
def test_what_is_only_warned_of(inside: str, code: int) -> None:
    script = read(inside)
    assert [notice.code for notice in script.notices] == [code]
    assert not any(isinstance(verb, verbs.Broken) for verb in script.verbs)


@pytest.mark.parametrize(
    ("inside", "code"),
    [
        ("<Play>no url</Play>", 11100),
        ("<Redirect>ftp://a</Redirect>", 11100),
        ("<Gather action='ftp://a'/>", 11100),
        ("<Gather actionOnEmptyResult='x'/>", 13338),
        ("<Record recordingStatusCallbackEvent='all'/>", 13621),
        ("<Record transcribeCallback='ftp://a'/>", 13257),
        ("<Dial recordingTrack='left'/>", 13622),
        ("<Dial><Conference endConferenceOnExit='x'>a</Conference></Dial>", 13231),
        ("<Dial><Conference trim='x'>a</Conference></Dial>", 13239),
        ("<Dial><Conference coach='me'>a</Conference></Dial>", 13240),
        ("<Dial><Conference participantLabel='a/b'>a</Conference></Dial>", 16023),
        (f"<Dial><Conference participantLabel='CA{'0' * 32}'>a</Conference></Dial>", 16023),
        ("<Dial><Conference>a</Conference><Number>+12125550101</Number></Dial>", 13000),
        ("<Dial><Queue>a</Queue><Queue>b</Queue></Dial>", 13000),
        ("<Dial><Queue method='PUT'>a</Queue></Dial>", 14210),
        ("<Dial><Queue url='ftp://a'>a</Queue></Dial>", 14211),
        ("<Dial><Queue/></Dial>", 14212),
        (f"<Dial><Queue>{'a' * 65}</Queue></Dial>", 14213),
        ("<Dial><Queue reservationSid='x'/></Dial>", 14215),
        ("<Enqueue method='PUT'>a</Enqueue>", 14201),
        ("<Enqueue waitUrl='ftp://a'>a</Enqueue>", 14202),
        ("<Enqueue action='ftp://a'>a</Enqueue>", 14203),
        ("<Enqueue/>", 14204),
        (f"<Enqueue>{'a' * 65}</Enqueue>", 14205),
        ("<Enqueue waitUrlMethod='PUT'>a</Enqueue>", 14206),
        ("<Enqueue workflowSid='x'/>", 14220),
        (f"<Enqueue workflowSid='WW{'0' * 32}'><Task>[1]</Task></Enqueue>", 14221),
        ("<Start><Stream url='https://a'/></Start>", 31922),
        ("<Start><Stream url='wss://a?b=1'/></Start>", 31923),
        ("<Start><Stream/></Start>", 31923),
        ("<Start><Stream url='wss://a' track='x'/></Start>", 31941),
        ("<Connect><Stream url='wss://a' track='both_tracks'/></Connect>", 31941),
        ("<Connect><ConversationRelay/></Connect>", 64102),
        ("<Pay chargeAmount='much'/>", 64003),
        ("<Pay chargeAmount='1000001'/>", 64003),
        ("<Pay action='ftp://a'/>", 64016),
    ],
)
def test_what_ends_the_document_when_it_is_reached(inside: str, code: int) -> None:
    first, broken = read(f"<Pause/>{inside}").verbs
    assert isinstance(first, verbs.Pause)
    assert isinstance(broken, verbs.Broken)
    assert broken.code == code


def test_a_bad_value_is_the_default_and_the_verb_stays() -> None:
    assert read("<Gather timeout='x' numDigits='4'/>").verbs == (verbs.Gather(num_digits=4, line=1),)


def test_what_cannot_be_spoken_is_left_out() -> None:
    assert read("<Say voice='Bob'>a</Say><Say>b</Say>").verbs == (verbs.Say(text="b", line=1),)


def test_in_a_document_for_a_live_call_a_relative_action_has_its_own_code() -> None:
    (broken,) = reader.inline("<Response><Gather action='/next'/></Response>", is_update=True).verbs
    assert isinstance(broken, verbs.Broken)
    assert broken.code == 15004


def test_a_rate_that_is_none_is_left_out() -> None:
    (say,) = read("<Say>a<prosody rate='hasty' volume='loud'>b</prosody></Say>").verbs
    assert isinstance(say, verbs.Say)
    assert say.ssml == 'a<prosody volume="loud">b</prosody>'


def test_the_old_voices_know_no_markup() -> None:
    inside = "one<break time='2s'/>two"
    for voice in ("man", "woman", "alice"):
        say = one(f"<Say voice='{voice}'>{inside}</Say>")
        assert (say.text, say.ssml, say.pauses_ms) == ("one two", "", 0)
    assert one(f"<Say voice='Polly.Amy'>{inside}</Say>").pauses_ms == 2000
    assert one(f"<Say>{inside}</Say>").pauses_ms == 2000


def test_speech_is_never_longer_than_a_minute() -> None:
    assert one("<Gather input='speech' maxSpeechTime='600'/>").max_speech_time == 60


def test_urls_are_those_of_the_document() -> None:
    assert one("<Gather action='../next'/>").action == "https://app.example.com/next"
    assert one("<Play>beep.mp3</Play>").url == "https://app.example.com/calls/beep.mp3"
    assert one("<Redirect/>").url == ""


def test_a_document_without_a_url_must_name_whole_ones() -> None:
    (broken,) = reader.inline("<Response><Gather action='/next'/></Response>").verbs
    assert isinstance(broken, verbs.Broken)
    assert broken.code == 11100
    (good,) = reader.inline("<Response><Gather action='https://a.example/next'/></Response>").verbs
    assert isinstance(good, verbs.Gather)


@pytest.mark.parametrize(("loop", "times"), [("0", 1000), ("3", 3), ("5000", 1000), ("1000", 1000)])
def test_loops(loop: str, times: int) -> None:
    assert one(f"<Say loop='{loop}'>a</Say>").loop == times
    assert one(f"<Play loop='{loop}'>a.mp3</Play>").loop == times


def test_ssml_is_heard_as_text_and_kept_as_markup() -> None:
    say = one(
        "<Say voice='Polly.Joanna'>The <sub alias='World Wide Web'>WWW</sub> is<break time='1500ms'/>"
        "<prosody rate='slow'><emphasis level='strong'>big &amp; wide</emphasis></prosody>"
        "<say-as interpret-as='digits'>12</say-as></Say>"
    )
    assert say.text == "The World Wide Web is big & wide12"
    assert say.ssml == (
        'The <sub alias="World Wide Web">WWW</sub> is<break time="1500ms"></break>'
        '<prosody rate="slow"><emphasis level="strong">big &amp; wide</emphasis></prosody>'
        '<say-as interpret-as="digits">12</say-as>'
    )
    assert say.pauses_ms == 1500
    assert one("<Say>plain</Say>").ssml == ""


@pytest.mark.parametrize(
    ("attributes", "ms"),
    [
        ("", 500),
        ("strength='none'", 0),
        ("strength='x-strong'", 1000),
        ("time='250ms'", 250),
        ("time='1.5s'", 1500),
        ("time='1h'", 500),
        ("time='60s'", 10_000),
    ],
)
def test_how_long_a_break_is(attributes: str, ms: int) -> None:
    assert one(f"<Say>a<break {attributes}/>b</Say>").pauses_ms == ms


def test_ssml_nests_as_the_sdk_lets_it() -> None:
    assert codes("<Say><p><s>a</s></p></Say>") == []
    assert codes("<Say>a<s><p>a</p></s></Say>") == [12200]
    assert codes("<Say>a<w><lang xml:lang='de-DE'>a</lang></w></Say>") == [12200]


def test_a_number_is_read_as_americans_write_it() -> None:
    assert one("<Dial>(212) 555-0101</Dial>").targets == (verbs.Target(address="+12125550101"),)


def test_nouns_of_dial() -> None:
    dial = one(
        "<Dial><Number url='/screen' sendDigits='1w2'>+12125550101</Number>"
        "<Client statusCallback='/c' statusCallbackEvent='ringing answered'>joe</Client>"
        "<Client><Identity>ann</Identity><Parameter name='a' value='b'/></Client>"
        "<Sip username='u' password='p'>sip:a@b.example;transport=tls?X-A=1&amp;User-to-User=2</Sip>"
        "<WhatsApp>whatsapp:+12125550102</WhatsApp>"
        "<Sim>DE00000000000000000000000000000001</Sim>"
        "<Application copyParentTo='true'><ApplicationSid>AP1</ApplicationSid></Application></Dial>"
    )
    number, joe, ann, sip, whatsapp, sim, application = dial.targets
    assert (number.url, number.send_digits) == ("https://app.example.com/screen", "1w2")
    assert joe.status_callback_event == ("ringing", "answered")
    assert (ann.kind, ann.address, ann.parameters) == ("client", "ann", (("a", "b"),))
    assert sip.address == "sip:a@b.example;transport=tls"
    assert sip.headers == (("X-A", "1"), ("User-to-User", "2"))
    assert (whatsapp.kind, whatsapp.address) == ("whatsapp", "+12125550102")
    assert (sim.kind, application.kind, application.copy_parent_to) == ("sim", "application", True)


def test_a_sip_uri_of_several() -> None:
    sip = one(
        "<Dial><Sip><Uri priority='2'>sip:b@x.example</Uri><Uri priority='1' weight='5'>sip:a@x.example</Uri>"
        "<Headers><Header name='X-A' value='1'/></Headers></Sip></Dial>"
    ).targets[0]
    assert [uri.uri for uri in sip.uris] == ["sip:a@x.example", "sip:b@x.example"]
    assert sip.headers == (("X-A", "1"),)


def test_at_most_ten_are_called() -> None:
    script = read("<Dial>" + "<Client>joe</Client>" * 11 + "</Dial>")
    (dial,) = script.verbs
    assert isinstance(dial, verbs.Dial)
    assert len(dial.targets) == 10
    assert [notice.code for notice in script.notices] == [13215]


def test_record_of_dial_has_two_old_words() -> None:
    assert one("<Dial record='true'>+12125550101</Dial>").record == "record-from-answer"
    assert one("<Dial record='false'>+12125550101</Dial>").record == "do-not-record"


def test_silence_instead_of_music() -> None:
    assert one("<Enqueue waitUrl=''>a</Enqueue>").wait_url == ""
    assert one("<Enqueue>a</Enqueue>").wait_url is None
    assert one("<Dial><Conference waitUrl=''>a</Conference></Dial>").conference.wait_url == ""


def test_what_is_transcribed_is_short() -> None:
    assert one("<Record transcribe='true'/>").max_length == 120
    assert one("<Record/>").max_length == 3600
    assert one("<Record transcribeCallback='/t'/>").transcribe


def test_trim_differs_by_place() -> None:
    assert one("<Record/>").trim == "trim-silence"
    assert one("<Dial>+12125550101</Dial>").trim == "do-not-trim"
    assert one("<Dial><Conference>a</Conference></Dial>").conference.trim == "trim-silence"


def test_answers_that_are_no_documents() -> None:
    assert reader.read(b"RIFF", "audio/x-wav", URL).verbs == (verbs.Play(url=URL), verbs.Hangup())
    assert reader.read(b"RIFF", "audio/x-wav", URL).is_media
    assert reader.read(b"Good day", "text/plain", URL).verbs == (verbs.Say(text="Good day"), verbs.Hangup())
    assert reader.read(b"<Response><Leave/></Response>", "text/plain", URL).verbs == (verbs.Leave(line=1),)


@pytest.mark.parametrize(
    ("body", "content_type", "code"),
    [
        (b"", "text/xml", 11770),
        (b" " * (MAX_BYTES + 1), "text/xml", 11770),
        (b"<Response>" + b" " * MAX_BYTES + b"</Response>", "text/xml", 11750),
        (b"<Response><Say>", "text/xml", 12100),
        (b'<?xml version="2.0"?><Response/>', "text/xml", 12101),
        (b"<Answer/>", "text/xml", 12102),
        (b"{}", "application/json", 12300),
    ],
)
def test_what_is_no_document_at_all(body: bytes, content_type: str, code: int) -> None:
    with pytest.raises(TwimlError) as caught:
        reader.read(body, content_type, URL)
    assert caught.value.code == code


_NAMES = st.sampled_from(sorted({node.tag for node in grammar.NODES.values()} | {"say", "x"}))
_ATTRIBUTES = st.dictionaries(
    st.sampled_from(
        sorted(
            {
                name
                for node in grammar.NODES.values()
                for name in (attribute.name for attribute in node.attributes)
            }
            | {"x"}
        )
    ),
    st.sampled_from(
        ["", "0", "1", "-1", "true", "GET", "/a", "auto", "dtmf speech", "*", "\n", "a,b", "é" * 300]
    ),
    max_size=4,
)


def _elements(inside: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    children = st.lists(inside | st.text(max_size=20), max_size=4).map(tuple)
    return st.builds(Element, _NAMES, _ATTRIBUTES, children)


_DOCUMENTS = st.recursive(st.builds(Element, _NAMES, _ATTRIBUTES), _elements, max_leaves=12)


@settings(max_examples=50, deadline=None)
@given(st.lists(_DOCUMENTS, max_size=5))
def test_any_tree_of_known_names_is_read(children: list[Element]) -> None:
    script = reader.of(Element("Response", {}, tuple(children)), URL)
    assert len(script.verbs) <= len(children)
    assert all(notice.code and notice.reason for notice in script.notices)


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300), st.sampled_from(["text/xml", "text/plain", "text/html; charset=latin-1", ""]))
def test_any_bytes_are_verbs_or_a_code(body: bytes, content_type: str) -> None:
    try:
        found = len(reader.read(b"<Response>" + body + b"</Response>", content_type, URL).verbs)
    except TwimlError as error:
        found = error.code
    assert found >= 0


@pytest.mark.parametrize(
    "piece",
    [
        "<Say/>",
        "<Dial callerId='" + "1 " * 120 + "!'/>",
        "<Gather hints='" + "a," * 600 + "'/>",
        "<Dial><Sip>sip:" + "a" * 200 + "?" + "X-A=1&amp;" * 50 + "</Sip></Dial>",
        "<Pay chargeAmount='" + "0" * 19 + "x'/>",
    ],
)
def test_a_document_full_of_the_same_says_so_a_hundred_times(piece: str) -> None:
    script = read(piece * ((MAX_BYTES - 100) // len(piece)))
    assert len(script.notices) <= 100


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<Dail>+12125550101</Dail>", "<Dail> is not allowed in <Response>: did you mean <Dial>?"),
        ("<say>a</say>", "<say> is not allowed in <Response>: names are case-sensitive, it is <Say>"),
        ("<Gather><Plya>a</Plya></Gather>", "<Plya> is not allowed in <Gather>: did you mean <Play>?"),
        ("<Say voise='man'>a</Say>", "<Say> has no attribute 'voise': did you mean 'voice'?"),
        ("<Say>a<brake/></Say>", "<brake> is not allowed in <Say>: did you mean <break>?"),
        ("<Teleport/>", "<Teleport> is not allowed in <Response>"),
    ],
)
def test_what_was_perhaps_meant_is_said(inside: str, said: str) -> None:
    assert [notice.reason for notice in read(inside).notices] == [said]
