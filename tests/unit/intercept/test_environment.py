"""What programs are told: everything that leads to us, nothing that leads past us, and what was there before."""

from __future__ import annotations

import ssl
import subprocess
import sys
from pathlib import Path

import pytest
from certificates import Authority as OtherAuthority

from localloop.intercept import ensure
from localloop.intercept.authority import CERTIFICATE
from localloop.intercept.environment import Interceptor, left_out, variables

PROXY = "http://127.0.0.1:4011"


@pytest.fixture
def interceptor(tmp_path: Path) -> Interceptor:
    ensure(tmp_path / "authority")
    return Interceptor(PROXY, tmp_path / "authority", tmp_path / "files with spaces")


def own(interceptor: Interceptor) -> str:
    return (interceptor.authority / CERTIFICATE).read_text().strip()


def test_lists_that_replace_hold_the_systems_and_ours(interceptor: Interceptor) -> None:
    told = variables(interceptor, {})
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        context = ssl.create_default_context(cafile=told[name])
        names = [str(certificate["subject"]) for certificate in context.get_ca_certs()]
        assert any("localloop local authority" in name for name in names)
        assert len(names) > 1


def test_a_list_of_the_users_own_is_kept(interceptor: Interceptor, tmp_path: Path) -> None:
    other = OtherAuthority(tmp_path)
    told = variables(
        interceptor, {"SSL_CERT_FILE": str(other.ca_file), "NODE_EXTRA_CA_CERTS": str(other.ca_file)}
    )
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"):
        content = Path(told[name]).read_text()
        assert content.count("BEGIN CERTIFICATE") == 2
        assert other.ca_file.read_text().strip() in content
        assert own(interceptor) in content
    assert told["REQUESTS_CA_BUNDLE"] != told["SSL_CERT_FILE"]


def test_told_twice_is_told_once(interceptor: Interceptor) -> None:
    """A shell that was told may be told again, and start a program that is."""
    first = variables(interceptor, {"PYTHONPATH": "/mine", "JAVA_TOOL_OPTIONS": "-Xmx1g"})
    assert variables(interceptor, first) == first


def test_options_that_were_there_stay(interceptor: Interceptor) -> None:
    told = variables(
        interceptor, {"PYTHONPATH": "/mine", "PHP_INI_SCAN_DIR": "/etc/php", "JAVA_TOOL_OPTIONS": "-Xmx1g"}
    )
    assert told["PYTHONPATH"].endswith(":/mine")
    assert told["PHP_INI_SCAN_DIR"].startswith("/etc/php:")
    assert told["JAVA_TOOL_OPTIONS"].startswith("-Xmx1g -Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort=4011 ")
    assert '"-Djavax.net.ssl.trustStore=' in told["JAVA_TOOL_OPTIONS"]  # its folder has a space in it


@pytest.mark.parametrize(
    ("entry", "leads_past"),
    [
        ("*", True),
        ("twilio.com", True),
        (".twilio.com", True),
        ("*.twilio.com", True),
        ("verify.twilio.com", True),
        ("api.twilio.com:443", True),
        ("com", True),
        ("example.com", False),
        ("eviltwilio.com", False),
        ("10.0.0.0/8", False),
    ],
)
def test_nothing_leads_past_us(interceptor: Interceptor, entry: str, leads_past: bool) -> None:
    told = variables(interceptor, {"NO_PROXY": f"a.example,{entry}"})["NO_PROXY"].split(",")
    assert (entry not in told) is leads_past
    assert {"a.example", "localhost", "127.0.0.1", "::1"} <= set(told)
    assert left_out({"no_proxy": entry}) == ([entry] if leads_past else [])


def python(interceptor: Interceptor, code: str, **more: str) -> str:
    told = variables(interceptor, more)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={"PATH": "/usr/bin:/bin", **more, **told},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stdout.strip()


def test_aiohttp_asks_the_environment(interceptor: Interceptor) -> None:
    code = (
        "import asyncio, aiohttp\n"
        "async def main():\n"
        "    async with aiohttp.ClientSession() as one, aiohttp.ClientSession(proxy='http://x') as other:\n"
        "        print(one.trust_env, other.trust_env)\n"
        "asyncio.run(main())"
    )
    assert python(interceptor, code) == "True False"


def test_a_program_that_does_not_want_aiohttp_does_not_load_it(interceptor: Interceptor) -> None:
    assert python(interceptor, "import sys; print('aiohttp' in sys.modules)") == "False"


def test_a_sitecustomize_of_the_program_has_its_turn(interceptor: Interceptor, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("import os; os.environ['SEEN'] = __file__")
    code = "import os, aiohttp; print(os.environ['SEEN'])"
    assert python(interceptor, code, PYTHONPATH=str(tmp_path)) == str(tmp_path / "sitecustomize.py")
