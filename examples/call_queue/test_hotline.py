"""Callers and agents of the hotline, on simulated phones; time passes by itself while a test waits."""

import pytest
from hotline import QUEUE, create_app

ANNA, BERT, CARL = "+15551230001", "+15551230002", "+15551230003"
AGENT = "+15551230100"


@pytest.fixture
def app(webhook_app, clock):
    clock.auto()
    app = create_app()
    served = webhook_app(app)
    app.config.update(PUBLIC_URL=served.url, NUMBER=served.number, AGENTS=[AGENT])
    return app


@pytest.fixture
def dial(app, phone):
    return lambda number: phone(number).call(app.config["NUMBER"])


def test_who_came_first_is_taken_first(dial):
    anna = dial(ANNA)
    anna.heard("You are next")
    bert = dial(BERT)
    bert.heard("There are 1 before you")

    agent = dial(AGENT)
    anna.heard("being recorded")
    agent.say("Hello, Anna.")
    anna.heard("Hello, Anna")
    anna.hang_up()

    agent.heard("Next caller")
    bert.heard("being recorded")
    agent.say("Hello, Bert.")
    bert.heard("Hello, Bert")
    agent.hang_up()
    assert bert.ended() == "completed"


def test_an_agent_waits_for_callers_too(dial):
    agent = dial(AGENT)
    agent.answered()
    anna = dial(ANNA)
    anna.heard("being recorded")
    anna.say("That was quick.")
    agent.heard("That was quick")


def test_who_hangs_up_in_the_queue_is_not_missed(dial):
    anna = dial(ANNA)
    anna.heard("You are next")
    bert = dial(BERT)
    bert.heard("There are 1 before you")
    anna.hang_up()

    bert.heard("You are next")
    agent = dial(AGENT)
    bert.heard("being recorded")
    agent.say("Hello, Bert.")
    bert.heard("Hello, Bert")


def test_star_leaves_a_number_to_call_back(app, dial):
    anna = dial(ANNA)
    anna.heard("Press star")
    anna.press("*")
    anna.heard("We call you back")
    assert anna.ended() == "completed"
    assert app.test_client().get("/callbacks").json == [ANNA]


def test_a_queue_that_is_full(dial, twilio):
    twilio.queues.create(friendly_name=QUEUE, max_size=1)
    dial(ANNA).heard("You are next")
    bert = dial(BERT)
    bert.heard("All lines are busy")
    assert bert.ended() == "completed"
