"""The local authority: kept between starts, readable by its owner alone, and worth nothing for other names."""

from __future__ import annotations

import ssl
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from localloop.core import clock
from localloop.intercept import Authority, authority, ensure, load
from localloop.intercept.authority import CERTIFICATE, KEY, AuthorityUnusable


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    ensure(tmp_path)
    return tmp_path


def shaken(ours: Authority, ca_file: Path, host: str, *, strict: bool = True) -> ssl.SSLObject:
    """A client that trusts only this authority has shaken hands with us as `host`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if strict:
        context.verify_flags |= ssl.VERIFY_X509_STRICT
    context.load_verify_locations(ca_file)
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(to_client, to_server, server_hostname=host)
    server = ours.context_for(host).wrap_bio(to_server, to_client, server_side=True)
    for _ in range(4):
        for side in (client, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
    return client


@pytest.mark.parametrize(
    "host", ["api.twilio.com", "twilio.com", "api.dublin.ie1.twilio.com", f"{'a' * 60}.twilio.com"]
)
def test_twilios_names_are_believed(folder: Path, host: str) -> None:
    assert shaken(load(folder), folder / CERTIFICATE, host).version() == "TLSv1.3"


@pytest.mark.parametrize("host", ["example.com", "eviltwilio.com", "twilio.com.example"])
def test_no_other_name_is_believed(folder: Path, host: str) -> None:
    """Whoever had the key could make this certificate, and it would be refused."""
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        shaken(load(folder), folder / CERTIFICATE, host)


def test_it_is_critical_that_other_names_are_excluded(folder: Path) -> None:
    """So that a client that does not know name constraints refuses it altogether (RFC 5280 §4.2)."""
    constraints = load(folder).certificate.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees == [x509.DNSName("twilio.com")]
    assert {str(name.value) for name in constraints.value.excluded_subtrees or ()} == {"0.0.0.0/0", "::/0"}


def test_a_leaf_signs_nothing(folder: Path) -> None:
    leaf = load(folder).leaf("api.twilio.com")
    assert leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca is False
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert isinstance(leaf.public_key(), ec.EllipticCurvePublicKey)


def test_the_key_is_its_owners(folder: Path) -> None:
    assert stat.S_IMODE((folder / KEY).stat().st_mode) == 0o600
    (folder / KEY).chmod(0o644)
    ensure(folder)
    assert stat.S_IMODE((folder / KEY).stat().st_mode) == 0o600


def test_it_stays_the_same(folder: Path) -> None:
    before = (folder / CERTIFICATE).read_bytes()
    assert ensure(folder) == folder / CERTIFICATE
    assert (folder / CERTIFICATE).read_bytes() == before


@pytest.mark.parametrize("spoil", [KEY, CERTIFICATE])
@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_what_is_broken_is_made_anew(folder: Path, spoil: str, content: bytes | None) -> None:
    if content is None:
        (folder / spoil).unlink()
    else:
        (folder / spoil).write_bytes(content)
    ensure(folder)
    assert shaken(load(folder), folder / CERTIFICATE, "api.twilio.com").version()


def test_a_key_of_another_authority_will_not_do(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    ensure(other)
    (folder / KEY).write_bytes((other / KEY).read_bytes())
    with pytest.raises(AuthorityUnusable):
        load(folder)


def test_before_it_ends_another_is_made(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load(folder).certificate
    late = before.not_valid_after_utc - timedelta(days=29)
    monkeypatch.setattr(authority.clock, "now", lambda: late)
    ensure(folder)
    after = load(folder).certificate
    assert after.serial_number != before.serial_number
    assert after.not_valid_after_utc > late + timedelta(days=3000)


def test_a_folder_that_may_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(AuthorityUnusable, match="the certificate authority in"):
        ensure(tmp_path / "file" / "below")


def test_a_host_is_remembered_until_its_certificate_is_old(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = load(folder)
    first = ours.context_for("api.twilio.com")
    assert ours.context_for("api.twilio.com") is first
    later = clock.now() + timedelta(days=31)
    monkeypatch.setattr(authority.clock, "now", lambda: later)
    assert ours.context_for("api.twilio.com") is not first


def test_however_many_hosts_are_asked_for_few_are_kept(folder: Path) -> None:
    ours = load(folder)
    for number in range(300):
        ours.context_for(f"a{number}.twilio.com")
    assert len(ours._contexts) == 256
    assert "a299.twilio.com" in ours._contexts


def test_signatures_are_of_the_curve(folder: Path) -> None:
    certificate = load(folder).certificate
    assert isinstance(certificate.signature_hash_algorithm, hashes.SHA256)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
