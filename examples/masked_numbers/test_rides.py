"""Riders and drivers, on simulated phones; time passes by itself while a test waits."""

import pytest
from rides import create_app

RIDER, DRIVER, OTHER_DRIVER = "+15551230001", "+15551230100", "+15551230101"
POOL = ["+15550001111", "+15550001112"]


@pytest.fixture
def site(webhook_app, world, clock, monkeypatch):
    clock.auto()
    monkeypatch.setenv("POOL", ",".join(POOL))
    app = create_app()
    served = webhook_app(app, number=POOL[0])
    world.own(POOL[1], SmsUrl=f"{served.url}/sms", VoiceUrl=f"{served.url}/voice")
    app.config.update(PUBLIC_URL=served.url)
    return app.test_client()


def ride(site, driver=DRIVER):
    answer = site.post("/rides", data={"rider": RIDER, "driver": driver})
    assert answer.status_code == 201, answer.text
    return answer.json["ride"], answer.json["number"]


def test_they_talk_and_see_our_number(site, phone):
    _, number = ride(site)
    phone(DRIVER).takes("manual")
    call = phone(RIDER).call(number)
    driver = phone(DRIVER).incoming_call(from_=number)
    assert driver.peer == number
    driver.answer()
    driver.say("I am at the corner.")
    call.heard("at the corner")
    call.say("I am coming.")
    driver.heard("I am coming")
    call.hang_up()
    assert driver.ended() == "completed"


def test_the_driver_calls_back(site, phone):
    _, number = ride(site)
    phone(RIDER).takes("manual")
    call = phone(DRIVER).call(number)
    phone(RIDER).incoming_call(from_=number).answer()
    call.answered()
    call.hang_up()


def test_texts_go_the_same_way(site, phone):
    _, number = ride(site)
    phone(RIDER).text("Where are you?", to=number)
    assert phone(DRIVER).wait_for("Where are you").from_ == number
    phone(DRIVER).reply("At the corner.")
    assert phone(RIDER).wait_for("At the corner").from_ == number


def test_two_rides_of_one_rider_have_two_numbers(site, phone):
    (_, one), (_, other) = ride(site), ride(site, OTHER_DRIVER)
    assert {one, other} == set(POOL)
    phone(RIDER).text("Hello", to=other)
    phone(OTHER_DRIVER).wait_for("Hello")
    assert site.post("/rides", data={"rider": RIDER, "driver": "+15551230102"}).status_code == 503


def test_the_driver_does_not_answer(site, phone):
    _, number = ride(site)
    phone(DRIVER).takes("never")
    call = phone(RIDER).call(number)
    call.heard("cannot take your call")
    assert call.ended() == "completed"


def test_a_ride_that_is_over_leads_nowhere(site, phone):
    ride_id, number = ride(site)
    assert site.post(f"/rides/{ride_id}/end").status_code == 204
    call = phone(RIDER).call(number)
    call.heard("This ride is over")
    assert call.ended() == "completed"
    phone(RIDER).text("Hello?", to=number)
    phone(RIDER).wait_for("This ride is over")
    assert phone(DRIVER).calls() == []
