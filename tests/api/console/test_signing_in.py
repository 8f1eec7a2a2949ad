"""Who comes in to the console, and who does not."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest

from localloop.console import passwords
from localloop.console.sessions import IDLE_LIFE, LINK_LIFE, hash_of
from localloop.core import clock, sids
from tests.api.console.conftest import Page, Server, basic


def cookie_of(url: str) -> str:
    return f"localloop_console_{url.rpartition(':')[2]}"


async def test_a_link_signs_in(server: Server) -> None:
    page = await server.browser()
    async with page.http.get(await server.link(), allow_redirects=False) as answer:
        assert (answer.status, answer.headers["location"]) == (303, "/console/")
        cookie = answer.headers["set-cookie"]
    assert {"HttpOnly", "SameSite=strict", "Path=/console"} <= set(cookie.split("; "))
    session = await page.get("session")
    assert session["account"]["sid"] == session["world_sid"] == server.account_sid
    assert session["account"]["auth_token"] == server.auth_token
    assert (session["base_url"], session["mode"]) == (server.url, "up")


async def test_a_link_works_once(server: Server) -> None:
    link = await server.link()
    await (await server.browser()).sign_in(link)
    late = await server.browser()
    async with late.http.get(link) as answer:
        assert answer.status == 410
        assert "localloop console" in await answer.text()
    assert await late.status("GET", "session") == 401


async def test_looking_at_a_link_does_not_spend_it(server: Server) -> None:
    link, page = await server.link(), await server.browser()
    async with page.http.head(link) as answer:
        assert answer.status == 204
    await page.sign_in(link)


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"Sec-Fetch-Dest": "image"},
        {"Sec-Fetch-Dest": "iframe"},
    ],
)
async def test_what_is_no_visit_does_not_spend_a_link(standing: Server, headers: dict[str, str]) -> None:
    link, page = await standing.link(), await standing.browser()
    async with page.http.get(link, headers=headers, allow_redirects=False) as answer:
        assert answer.status == 503
        assert "set-cookie" not in answer.headers
    await page.sign_in(link)


async def test_two_at_once_cannot_both_use_a_link(server: Server) -> None:
    link = await server.link()
    browsers = [await server.browser() for _ in range(8)]

    async def enter(page: Page) -> int:
        async with page.http.get(link, allow_redirects=False) as answer:
            return answer.status

    assert sorted(await asyncio.gather(*map(enter, browsers))) == [303, *[410] * 7]


async def test_a_link_says_nothing_of_itself_to_others(server: Server) -> None:
    """Neither by a Referer nor from a cache."""
    link, page = await server.link(), await server.browser()
    for status in (303, 410):
        browser = page if status == 303 else await server.browser()
        async with browser.http.get(link, allow_redirects=False) as answer:
            assert answer.status == status
            assert answer.headers["referrer-policy"] == "same-origin"
            assert answer.headers["cache-control"] == "no-store"
            assert "code=" not in answer.headers.get("location", "") + await answer.text()


@pytest.mark.parametrize("next_url", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_signing_in_leads_nowhere_else(standing: Server, next_url: str) -> None:
    page = await standing.browser()
    link = await standing.link() + "".join(
        f"&{name}={next_url}" for name in ("next", "url", "redirect", "return")
    )
    async with page.http.get(link, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["location"]) == (303, "/console/")


async def test_two_localloops_on_one_host_do_not_sign_each_other_out(server: Server) -> None:
    """Browsers send the cookies of 127.0.0.1 to each of its ports."""
    page = await server.page()
    (cookie,) = page.http.cookie_jar
    assert cookie.key == cookie_of(server.url)
    async with page.http.get(
        await server.link(), headers={"Host": "localhost"}, allow_redirects=False
    ) as answer:
        assert list(answer.cookies) == ["localloop_console"]
    assert await page.status("GET", "session") == 200


async def test_a_cookie_is_for_https_alone_where_that_is_spoken(server: Server) -> None:
    page = await server.browser()
    https = {"X-Forwarded-Proto": "https"}
    async with page.http.get(await server.link(), headers=https, allow_redirects=False) as answer:
        assert "Secure" in answer.headers["set-cookie"].split("; ")
    async with page.http.get(await server.link(), allow_redirects=False) as answer:
        assert "Secure" not in answer.headers["set-cookie"].split("; ")


async def test_a_spent_link_takes_who_is_signed_in_to_the_page(server: Server) -> None:
    link, page = await server.link(), await server.browser()
    await page.sign_in(link)
    async with page.http.get(link, allow_redirects=False) as answer:
        assert answer.status == 303


async def test_a_link_lives_a_day(server: Server) -> None:
    link = await server.link()
    await server.database.execute("update console_links set expires_at = $1", clock.now())
    page = await server.browser()
    async with page.http.get(link) as answer:
        assert answer.status == 410
    assert timedelta(hours=1) < LINK_LIFE <= timedelta(days=1)


async def test_a_code_is_not_kept(server: Server) -> None:
    code = (await server.link()).partition("code=")[2]
    kept = await server.database.fetchval("select code from console_links")
    assert kept == hash_of(code)
    assert len(code) >= 43  # 256 bits


async def test_an_account_signs_in(server: Server) -> None:
    page = await server.browser()
    given = {"account_sid": server.account_sid, "auth_token": server.auth_token}
    async with page.request("POST", "session", json=given) as answer:
        assert answer.status == 201
        assert (await answer.json())["account"]["sid"] == server.account_sid
    assert await page.status("GET", "messages") == 200


@pytest.mark.parametrize("token", ["", "wrong", "ä" * 40])
async def test_a_wrong_token_is_refused(server: Server, token: str) -> None:
    page = await server.browser()
    given = {"account_sid": server.account_sid, "auth_token": token}
    refusal = await page.refused("POST", "session", json=given)
    assert (refusal["status"], refusal["code"]) == (401, 20003)
    assert await page.status("GET", "session") == 401


async def test_a_mistyped_account_is_not_adopted(server: Server) -> None:
    unknown = sids.new("AC")
    page = await server.browser()
    given = {"account_sid": unknown, "auth_token": sids.new_secret()}
    assert await page.status("POST", "session", json=given) == 401
    assert not await server.database.fetchval("select exists (select from accounts where sid = $1)", unknown)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For those who count guesses: each hash takes a thousandth of what it is to take."""
    quick = partial(passwords.PasswordHasher, time_cost=1, memory_cost=64, parallelism=1)
    monkeypatch.setattr(passwords, "PasswordHasher", quick)


async def guesses(page: Page, given: dict[str, str]) -> int:
    """How many are answered before it is too many; on a slow machine some more than the burst."""
    for number in range(100):
        status = await page.status("POST", "session", json=given)
        if status == 429:
            return number
        assert status == 401
    return 100


async def test_guessing_a_token_is_slowed_down(server: Server) -> None:
    page = await server.browser()
    given = {"account_sid": server.account_sid, "auth_token": "wrong"}
    assert await guesses(page, given) < 100
    right = {**given, "auth_token": server.auth_token}
    assert await page.status("POST", "session", json=right) == 201


async def add_user(server: Server, name: str, password: str, auth: tuple[str, str] | None = None) -> None:
    given = {"name": name, "password": password}
    await server.api("POST", "/console/api/users", auth or (server.account_sid, server.auth_token), **given)


async def test_a_user_signs_in(server: Server) -> None:
    await add_user(server, "ada", "correct horse")
    page = await server.browser()
    given = {"name": "ada", "password": "correct horse"}
    async with page.request("POST", "session", json=given) as answer:
        assert answer.status == 201
        assert (await answer.json())["account"]["sid"] == server.account_sid
    kept = await server.database.fetchval("select password from console_users")
    assert kept.startswith("$argon2id$")


@pytest.mark.usefixtures("quick_hashes")
async def test_a_wrong_password_is_refused_and_slowed_down(server: Server) -> None:
    page = await server.browser()
    given = {"name": "nobody", "password": "wrong password"}
    assert await guesses(page, given) < 100


async def test_a_users_new_password_replaces_the_old_one(server: Server) -> None:
    await add_user(server, "ada", "correct horse")
    await add_user(server, "ada", "battery staple")
    page = await server.browser()
    old, new = ({"name": "ada", "password": word} for word in ("correct horse", "battery staple"))
    assert await page.status("POST", "session", json=old) == 401
    assert await page.status("POST", "session", json=new) == 201


async def test_a_new_password_ends_that_users_sessions_and_no_others(server: Server, page: Page) -> None:
    signed_in = []
    for name in ("ada", "bob"):
        await add_user(server, name, "correct horse")
        signed_in.append(await server.browser())
        given = {"name": name, "password": "correct horse"}
        assert await signed_in[-1].status("POST", "session", json=given) == 201
    await add_user(server, "ada", "battery staple")
    ada, bob = signed_in
    assert await ada.status("GET", "session") == 401
    assert await bob.status("GET", "session") == 200
    assert await page.status("GET", "session") == 200


@pytest.mark.usefixtures("quick_hashes")
async def test_guessing_a_password_locks_nobody_else_out(server: Server) -> None:
    """Neither another user, nor who has the account's token or a link."""
    for name in ("ada", "bob"):
        await add_user(server, name, "correct horse")
    page = await server.browser()
    assert await guesses(page, {"name": "ada", "password": "wrong password"}) < 100
    for given in (
        {"name": "bob", "password": "correct horse"},
        {"account_sid": server.account_sid, "auth_token": server.auth_token},
    ):
        assert await page.status("POST", "session", json=given) == 201
    await (await server.browser()).sign_in(await server.link())


async def test_checking_passwords_does_not_hold_up_others(
    server: Server, page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is done beside the loop, few at a time, and so many wait for their turn."""
    monkeypatch.setattr(passwords, "MOST_WAITING", 3)
    strangers = [await server.browser() for _ in range(8)]

    async def guess(number: int, stranger: Page) -> int:
        given = {"name": f"nobody{number}", "password": "wrong password"}
        return await stranger.status("POST", "session", json=given)

    guessing = asyncio.gather(*(guess(number, one) for number, one in enumerate(strangers)))
    answered = 0
    while not guessing.done():
        assert await page.status("GET", "session") == 200
        answered += 1
    assert set(await guessing) == {401, 429}
    assert answered > 1


async def test_a_user_of_another_account_is_left_alone(server: Server) -> None:
    await add_user(server, "ada", "correct horse")
    other = (sids.new("AC"), sids.new_secret())
    await server.api("GET", f"/2010-04-01/Accounts/{other[0]}.json", other)
    page = await server.browser()
    async with page.http.post(
        f"{server.url}/console/api/users",
        data={"name": "ada", "password": "taken over"},
        headers={"authorization": basic(*other)},
    ) as answer:
        assert answer.status == 400


@pytest.mark.parametrize("path", ["links", "users"])
async def test_the_command_line_needs_the_accounts_token(server: Server, page: Page, path: str) -> None:
    """A session's cookie is not enough, so that no page can mint a way in."""
    assert await page.status("POST", path, json={"name": "eve", "password": "long enough"}) == 401
    wrong = {"authorization": basic(server.account_sid, "wrong")}
    assert await page.status("POST", path, headers=wrong) == 401


async def test_a_new_link_for_the_command_line(server: Server) -> None:
    made = await server.api("POST", "/console/api/links", (server.account_sid, server.auth_token))
    await (await server.browser()).sign_in(made["url"])


async def test_a_cookie_that_was_there_before_is_never_adopted(server: Server) -> None:
    """Session fixation: whoever planted a session id does not share the session."""
    planted = "A" * 43
    victim = await server.browser(**{cookie_of(server.url): planted})
    await victim.sign_in(await server.link())
    thief = await server.browser(**{cookie_of(server.url): planted})
    assert await thief.status("GET", "session") == 401


async def test_each_sign_in_is_a_session_of_its_own(server: Server, page: Page) -> None:
    again = await server.page()
    assert again.csrf != page.csrf
    assert await page.status("DELETE", "session") == 204
    assert await again.status("GET", "session") == 200


async def test_signing_out_ends_the_session(server: Server, page: Page) -> None:
    cookies = {cookie.key: cookie.value for cookie in page.http.cookie_jar}
    assert await page.status("DELETE", "session") == 204
    kept = await server.browser(**cookies)
    assert await kept.status("GET", "session") == 401


async def test_an_idle_session_ends_and_a_used_one_does_not(server: Server, page: Page) -> None:
    soon = clock.now() + timedelta(minutes=5)
    await server.database.execute("update console_sessions set expires_at = $1", soon)
    assert await page.status("GET", "session") == 200
    expires = await server.database.fetchval("select expires_at from console_sessions")
    assert expires > clock.now() + IDLE_LIFE - timedelta(minutes=1)
    await server.database.execute("update console_sessions set expires_at = $1", clock.now())
    assert await page.status("GET", "session") == 401


async def test_a_session_ends_with_the_token_that_opened_it(server: Server) -> None:
    page, by_link = await server.browser(), await server.page()
    given = {"account_sid": server.account_sid, "auth_token": server.auth_token}
    assert await page.status("POST", "session", json=given) == 201
    auth = (server.account_sid, server.auth_token)
    await server.api("POST", "/accounts/v1/AuthTokens/Secondary", auth)
    await server.api("POST", "/accounts/v1/AuthTokens/Promote", auth)
    assert await page.status("GET", "session") == 401
    assert await by_link.status("GET", "session") == 200


async def test_a_closed_account_is_signed_out(server: Server) -> None:
    sub = await server.subaccount()
    page = await server.page(sub)
    path = f"/2010-04-01/Accounts/{sub}.json"
    await server.api("POST", path, (server.account_sid, server.auth_token), Status="closed")
    assert await page.status("GET", "session") == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"name": 1, "password": []}', b'"x"'])
async def test_a_body_that_is_none_is_refused(standing: Server, body: bytes) -> None:
    page = await standing.browser()
    headers = {"content-type": "application/json"}
    assert await page.status("POST", "session", data=body, headers=headers) == 400
