"""What programs use of Twilio: typical ones in every language, with what a person reads in them beside each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from localloop.contract import load
from localloop.contract.model import Operation
from localloop.intercept.recording import Answer, Exchange, Head, Recording, Request
from localloop.intercept.survey import recorded, sources
from localloop.intercept.survey.names import FILE, names
from localloop.intercept.survey.twiml import RUNS, WAITS, is_known
from localloop.intercept.survey.use import Call, Unclear, Use, Webhook
from localloop.intercept.survey.verdict import DIFFERENCES, Survey, survey
from localloop.payloads.kinds import KINDS
from localloop.testing.sample import sample
from localloop.twiml import document, messaging
from localloop.twiml.script import SCHEMA
from localloop.twiml.voice import grammar
from scripts import differences, twiml_table

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[2] / "examples"
PROGRAMS = sorted(path.name for path in (HERE / "programs").iterdir())


def behaving(*ids: str) -> Any:
    return lambda _key, operation: "behaves" if operation.id in ids else "plain"


def seen(uses: list[Use]) -> dict[str, Any]:
    found = survey(uses, behaving())
    return {
        "operations": {row.name: " ".join(row.uses) for row in found.operations},
        "verbs": {row.name: " ".join(row.uses) for row in found.verbs},
        "webhooks": [row.name for row in found.webhooks],
        "unclear": [row.name for row in found.unclear],
    }


def of_text(name: str, text: str) -> list[Use]:
    return list(sources.uses_in(name, text, {}))


def operations_in(name: str, text: str) -> list[str]:
    return [use.operation.id for use in of_text(name, text) if isinstance(use, Call)]


@pytest.mark.parametrize("program", PROGRAMS)
def test_programs_are_read_as_people_read_them(program: str) -> None:
    folder = HERE / "programs" / program
    assert seen(sources.uses_of(folder)) == json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize(
    ("example", "operations", "verbs", "webhooks"),
    [
        ("sms_reply", {}, ["messaging <Message>", "messaging <Response>"], ["sms", "status"]),
        ("bulk", {"api.v2010.CreateMessage": "Body From To"}, [], []),
    ],
)
def test_the_examples(
    example: str, operations: dict[str, str], verbs: list[str], webhooks: list[str]
) -> None:
    found = seen(sources.uses_of(EXAMPLES / example))
    assert found["operations"] == operations
    assert list(found["verbs"]) == verbs
    assert found["webhooks"] == webhooks
    assert found["unclear"] == []


def test_places_are_lines() -> None:
    found = survey(sources.uses_of(HERE / "programs" / "python_otp"), behaving())
    places = {row.name: row.places for row in found.operations}
    lines = (HERE / "programs" / "python_otp" / "jobs.py").read_text().splitlines()
    file, line = places["api.v2010.DeleteMessage"][0].split(":")
    assert file == "jobs.py"
    assert "message.delete()" in lines[int(line) - 1]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "from anthropic import Client\nclient = Client()\nclient.messages.create(model='x')"),
        ("a.py", "client.messages.create(to='x')"),
        (
            "a.py",
            "from twilio.rest import Client\ndef f(client: Client): ...\ndef g(client): client.messages.list()",
        ),
        ("a.py", "from twilio.rest import Client\nx = 'client.messages.list()'  # Client().messages.list()"),
        ("a.js", "const client = new Anthropic(); client.messages.create({ model: 'x' });"),
        ("a.js", "const twilio = require('twilio');\n// twilio(a, b).messages.create({})\n"),
        ("a.rb", "require 'twilio-ruby'\n# Twilio::REST::Client.new(a, b).messages.list\n"),
        ("a.java", "import com.acme.Message;\nclass A { void f() { Message.creator(a, b).create(); } }"),
        ("a.cs", "using Acme.Rest;\nclass A { void F() { MessageResource.Create(body: b); } }"),
        ("a.sh", "curl https://www.twilio.com/docs\ncurl https://api.example.com/2010-04-01/x"),
    ],
)
def test_what_is_not_twilios_is_not_found(name: str, text: str) -> None:
    assert operations_in(name, text) == []


IN_PYTHON = "from twilio.rest import Client as T\n"
SERVICE = "import { Twilio } from 'twilio';\nconst c: Twilio = new Twilio(a, b);\n"
CLASS = "import twilio from 'twilio';\nexport class A { c = twilio(a, b);\n f() { return this."
ADDRESS = "https://api.twilio.com/2010-04-01/Accounts/"


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("a.py", "import twilio.rest\ntwilio.rest.Client().messages.list()", ["ListMessage"]),
        ("a.py", f"{IN_PYTHON}with T() as c:\n c.calls('CA').update(status='x')", ["UpdateCall"]),
        (
            "a.py",
            f"{IN_PYTHON}c = T()\nfor m in c.messages.stream():\n m.media.list()",
            ["ListMessage", "ListMedia"],
        ),
        ("a.js", "require('twilio')(a, b).messages('SM1').remove()", ["DeleteMessage"]),
        ("a.ts", f"{CLASS}c.api.v2010.accounts('AC').messages.list(); }} }}", ["ListMessage"]),
        ("a.ts", f"{SERVICE}c.sync.v1.services('IS').documents.create({{ data }})", ["CreateDocument"]),
        (
            "a.js",
            "exports.handler = (x) => { const c = x.y; }\nconst d = context.getTwilioClient();\n d\n .messages\n"
            " .create({ to })",
            ["CreateMessage"],
        ),
        (
            "a.php",
            "use Twilio\\Rest\\Client;\n$this->t = new Client($a, $b);\n$this->t->balance->fetch();",
            ["FetchBalance"],
        ),
        (
            "a.rb",
            "c = Twilio::REST::Client.new a, b\nc.api.v2010.accounts('AC').calls.list(limit: 2).each { |x| x.sid }",
            ["ListCall"],
        ),
        (
            "a.js",
            f"axios.post(`{ADDRESS}${{sid}}/Calls.json`, new URLSearchParams({{ To: to }}))",
            ["CreateCall"],
        ),
        (
            "a.rb",
            f"uri = URI('{ADDRESS}' + sid + '/Messages.json')\nNet::HTTP::Get.new(uri)",
            ["ListMessage"],
        ),
    ],
)
def test_ways_to_write_it(name: str, text: str, found: list[str]) -> None:
    assert [each.rpartition(".")[2] for each in operations_in(name, text)] == found


def test_a_long_chain_is_read_once() -> None:
    chain = ".a(b.c())" * 60
    assert operations_in("a.py", f"{IN_PYTHON}x{chain}\nT().messages.list(){chain}") == [
        "api.v2010.ListMessage"
    ]


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("body = request.form['Body']", ["sms"]),
        ("x = req.body.SpeechResult", ["gather"]),
        ("const { MessageStatus, To } = req.body;", ["status"]),
        ("level = request.args['Level']; data['Timestamp']", []),
    ],
)
def test_what_is_read_tells_which_webhook(text: str, kinds: list[str]) -> None:
    assert [use.kind for use in of_text("a.txt", text) if isinstance(use, Webhook)] == kinds


def test_what_is_not_understood_is_told() -> None:
    text = "from twilio.rest import Client\nClient().sausages.create(to='x')"
    assert [use.text for use in of_text("a.py", text) if isinstance(use, Unclear)] == ["sausages.create"]
    assert isinstance(of_text("b.py", "def (")[0], Unclear)


def test_what_others_wrote_is_left_out(tmp_path: Path) -> None:
    call = "require('twilio')(a, b).messages.list()"
    for folder in ("node_modules/x", ".hidden", "src"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "a.js").write_text(call)
    found = survey(sources.uses_of(tmp_path), behaving())
    assert found.operations[0].places == ("src/a.js:1",)


# Verdicts ----------------------------------------------------------------------------------------------------------


def judged(text: str, *behaves: str) -> Survey:
    return survey(
        of_text("a.sh", f"curl https://api.twilio.com/2010-04-01/Accounts/AC1/{text}"), behaving(*behaves)
    )


@pytest.mark.parametrize(
    ("text", "behaves", "verdict"),
    [
        ("Messages.json -d Body=hi", ["api.v2010.CreateMessage"], "behaves"),
        ("Messages.json -d RiskCheck=disable", ["api.v2010.CreateMessage"], "differs"),
        ("Messages.json -d RiskCheck=disable", [], "plain"),
        ("Balance.json", ["api.v2010.FetchBalance"], "differs"),
    ],
)
def test_verdicts_of_operations(text: str, behaves: list[str], verdict: str) -> None:
    found = judged(text, *behaves).operations[0]
    assert found.verdict == verdict
    assert (found.notes != ()) == (verdict == "differs" or "RiskCheck" in text)


@pytest.mark.parametrize(
    ("twiml", "verdict"),
    [
        ("<Response><Message>hi</Message></Response>", ["behaves", "behaves"]),
        ("<Response><Say>hi</Say></Response>", ["behaves", "behaves"]),
        ("<Response><Connect><Room>a</Room></Connect></Response>", ["not yet", "behaves", "not yet"]),
        ("<Response><Message/><Sausage/></Response>", ["behaves", "behaves", "unknown"]),
    ],
)
def test_verdicts_of_verbs(twiml: str, verdict: list[str]) -> None:
    assert [row.verdict for row in survey(of_text("a.xml", twiml), behaving()).verbs] == verdict


@pytest.mark.parametrize("name", sorted(RUNS - {"Response", "Body", "Media"}))
def test_verbs_that_are_said_to_behave_do(name: str) -> None:
    script = messaging.run(document.parse(f"<Response><{name}>hi</{name}></Response>".encode()), "http://a/")
    assert script.commands
    assert script.notices == ()


@pytest.mark.parametrize("name", ["Say", "Gather", "Enqueue"])
def test_verbs_that_are_said_not_to_behave_do_not(name: str) -> None:
    assert is_known(name)
    assert name not in RUNS
    assert not messaging.run(document.parse(f"<Response><{name}/></Response>".encode())).commands


def test_what_waits_in_calls_is_not_said_to_behave() -> None:
    waiting = {
        grammar.NODES[key].tag for key, row in twiml_table.rows().items() if row["is"].startswith("waits")
    }
    connected = {grammar.NODES[key].tag for key in grammar.NODES["Connect"].children}
    assert waiting | connected <= WAITS
    others = WAITS - waiting - connected
    assert others == {"Assistant", "Connect", "Custom", "Language", "Siprec", "Task"}


def test_messages_know_no_other_verb() -> None:
    script = messaging.run(document.parse(b"<Response><Body/><Media/></Response>"))
    assert [notice.code for notice in script.notices] == [SCHEMA, SCHEMA]  # only inside <Message>


@pytest.mark.parametrize("kind", [*KINDS])
def test_verdicts_of_webhooks(kind: str) -> None:
    place = sources.webhooks.Place("a", 1)
    found = survey([Webhook(kind, place)], behaving()).webhooks[0]
    assert found.verdict == "behaves"


# Recordings --------------------------------------------------------------------------------------------------------


def exchange(kind: Any, request: Request, body: str = "") -> Exchange:
    return Exchange(kind=kind, at="", request=request, answer=Answer(status=200, body=body))


@pytest.mark.parametrize("kind", ["sms", "status", "voice", "gather", "voice-status", "recording-status"])
def test_callbacks_are_known_by_their_parameters(kind: str) -> None:
    assert recorded.kind_of(sample(KINDS[kind], {})) == kind


def test_what_a_recording_shows() -> None:
    form = (("Content-Type", "application/x-www-form-urlencoded"),)
    create = Request(
        method="POST",
        url="https://api.twilio.com/2010-04-01/Accounts/AC1/Messages.json",
        headers=form,
        body="To=%2B15550001111&Body=hi",
    )
    told = "&".join(f"{name}={value}" for name, value in sample(KINDS["sms"], {}).items())
    callback = Request(method="POST", url="https://example.com/sms", headers=form, body=told)
    other = Request(method="GET", url="https://status.twilio.com/x")
    recording = Recording(
        Head(localloop_recording=1, recorded=""),
        (
            exchange("request", create),
            exchange("callback", callback, "<Response><Message>hi</Message></Response>"),
            exchange("request", other),
        ),
    )
    found = survey(recorded.uses_of("day", recording), behaving("api.v2010.CreateMessage"))
    assert [(row.name, row.verdict, row.uses, row.places) for row in found.operations] == [
        ("api.v2010.CreateMessage", "behaves", ("Body", "To"), ("day:1",))
    ]
    assert [(row.name, row.places) for row in found.verbs] == [
        ("messaging <Message>", ("day:2",)),
        ("messaging <Response>", ("day:2",)),
    ]
    assert [row.name for row in found.webhooks] == ["sms"]
    assert [row.name for row in found.unclear] == ["GET /x"]


# Data --------------------------------------------------------------------------------------------------------------


def test_the_differences_are_those_of_the_page() -> None:
    """When this fails: python -m scripts.differences."""
    assert DIFFERENCES.read_text() == differences.text()
    assert set(differences.CONCERNS) <= differences.titles()


def test_differences_concern_operations_that_there_are() -> None:
    for row in json.loads(DIFFERENCES.read_text()):
        for concerned in row["concerns"]:
            name, *params = concerned.split()
            operation: Operation = load().operation(name)[3]
            assert {each for given in params for each in given.split("+")} <= {
                param.name for param in operation.params
            }


def test_names_lead_to_paths_of_the_contract() -> None:
    paths = {(api.product, path.template) for api, _, path, _ in load().operations()}
    rows = [line.split("\t") for line in FILE.read_text().splitlines()]
    assert len(rows) > 400
    assert all((row[0], path) in paths for row in rows for path in row[4:] if path)


@pytest.mark.parametrize(
    ("chain", "verb", "found"),
    [
        ("messages", "create", "api.v2010.CreateMessage"),
        ("verify.v2.services.verificationChecks", "create", "verify.v2.CreateVerificationCheck"),
        ("verify.services.verifications", "create", "verify.v2.CreateVerification"),
        ("api.v2010.accounts", "fetch", "api.v2010.FetchAccount"),
        ("flexApi.v1.interaction", "create", "flex-api.v1.CreateInteraction"),
        ("availablePhoneNumbers.tollFree", "list", "api.v2010.ListAvailablePhoneNumberTollFree"),
        ("messages", "explode", None),
        ("sausages", "create", None),
    ],
)
def test_chains_are_operations(chain: str, verb: str, found: str | None) -> None:
    operation = names().operation(chain.split("."), verb)
    assert (operation.id if operation else None) == found
