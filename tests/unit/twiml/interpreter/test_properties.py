"""Whatever the document and whatever happens: a step ends, a state can be written and read, a replay is the same."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from localloop.twiml.interpreter import Inline, State, Web, commands, events, step
from tests.support.interpreted import Talk
from tests.support.world_of_a_call import happenings, play_out, unanswered

_PIECES = (
    "<Say>a</Say>",
    "<Say loop='0'>a</Say>",
    "<Play>a.mp3</Play>",
    "<Play digits='1w'/>",
    "<Pause/>",
    "<Gather numDigits='1'><Say>a</Say><Play>b.mp3</Play></Gather>",
    "<Gather input='dtmf speech' actionOnEmptyResult='true' partialResultCallback='/p'/>",
    "<Record/>",
    "<Record playBeep='false' action='/r'/>",
    "<Dial>+12125550101</Dial>",
    "<Dial action='/d' hangupOnStar='true' record='record-from-ringing'><Client>a</Client><Client>b</Client></Dial>",
    "<Dial sequential='true' answerOnBridge='true'><Number url='/s'>+12125550101</Number><Client>b</Client></Dial>",
    "<Dial record='record-from-answer' hangupOnStar='true'><Conference waitUrl='/w'>a</Conference></Dial>",
    "<Dial action='/d'><Conference>a</Conference></Dial>",
    "<Dial><Queue url='/q'>a</Queue></Dial>",
    "<Enqueue action='/e' waitUrl='/w'>a</Enqueue>",
    "<Enqueue>a</Enqueue>",
    "<Leave/>",
    "<Hangup/>",
    "<Reject/>",
    "<Redirect/>",
    "<Redirect>/r</Redirect>",
    "<Sms>a</Sms>",
    "<Sms action='/m'>a</Sms>",
    "<Pay statusCallback='/p'/>",
    "<Start><Stream name='a' url='wss://a'/><Recording/></Start>",
    "<Stop><Stream name='a'/></Stop>",
    "<Connect action='/c'><Stream url='wss://a'/></Connect>",
    "<Refer><Sip>sip:a@b</Sip></Refer>",
    "<Echo/>",
    "<Nonsense/>",
    "<Gather actionOnEmptyResult='x'/>",
)
_DOCUMENTS = st.lists(st.sampled_from(_PIECES), max_size=5).map("".join)
_ROLES = st.sampled_from(
    [
        "main",
        "main",
        "main",
        "screening",
        "queue-wait",
        "queue-whisper",
        "conference-wait",
        "hold",
        "announcement",
    ]
)
_SURPRISES: st.SearchStrategy[Any] = st.one_of(
    st.builds(lambda key: (events.Digit, {"key": key}), st.sampled_from("1*#")),
    st.builds(
        lambda text, final: (events.Speech, {"text": text, "final": final, "confidence": 0.5}),
        st.sampled_from(["", "yes"]),
        st.booleans(),
    ),
    st.just((events.Answered, {})),
    st.just((events.HungUp, {})),
    st.just((events.MachineDetected, {"answered_by": "human"})),
    _DOCUMENTS.map(lambda text: (events.Redirected, {"source": Inline(f"<Response>{text}</Response>")})),
    st.just((events.Redirected, {"source": Web("https://app.example.com/other")})),
    st.just((events.Played, {"n": 1})),
    st.just((events.Timer, {"name": "gather:1"})),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_call_with_any_legal_happenings(data: st.DataObject) -> None:
    """`Talk` makes every step twice, from a copy that was written and read, and looks at the numbers."""
    talk = Talk(
        answered=data.draw(st.booleans()),
        role=data.draw(_ROLES),
        leg=data.draw(st.sampled_from(["number", "sip"])),
        fallback_url=data.draw(st.sampled_from(["", "https://app.example.com/fallback"])),
    )
    for _ in range(data.draw(st.integers(5, 20))):
        if talk.state.ended:
            break
        _let_something_happen(talk, data)
        assert len(talk.said) < 100
    _replay(talk)
    talk.hangs_up()
    play_out(talk, lambda owed: owed[0], 50)
    assert talk.state.ended


def _let_something_happen(talk: Talk, data: st.DataObject) -> None:
    owed = happenings(talk)
    choice = data.draw(st.integers(0, 9))
    fetch = unanswered(talk)
    if fetch is not None and choice < 7:
        body = f"<Response>{data.draw(_DOCUMENTS)}</Response>".encode()
        talk.send(events.Fetched, n=fetch.n, url=fetch.url, content_type="text/xml", body=body)
    elif owed and choice < 8:
        kind, fields = data.draw(st.sampled_from(owed))
        talk.send(kind, **fields)
    else:
        kind, fields = data.draw(_SURPRISES)
        talk.send(kind, **fields)


def _replay(talk: Talk) -> None:
    state, said = State(), list[commands.AnyCommand]()
    for event in talk.history:
        state, found = step(state, event)
        said += found
    assert (state, said) == (talk.state, talk.all)


@settings(max_examples=40, deadline=None)
@given(_DOCUMENTS)
def test_a_call_to_which_nothing_unexpected_happens_ends(document: str) -> None:
    """Every request fails, every prompt is heard out, nobody answers, nothing is entered."""
    talk = Talk(answered=True)
    talk.answers(document)
    assert play_out(talk, lambda owed: owed[0], 400) < 400
    assert talk.state.ended or "<Echo/>" in document
