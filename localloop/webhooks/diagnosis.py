"""What went wrong in the HTTP client, told as Twilio tells it."""

from __future__ import annotations

import ssl
from typing import Final

import aiohttp

from localloop.webhooks import failure
from localloop.webhooks.connection import Silent
from localloop.webhooks.failure import Failure, Stage
from localloop.webhooks.guard import AddressError
from localloop.webhooks.target import Target

# OpenSSL's X509_V_ERR_CERT_HAS_EXPIRED, _HOSTNAME_MISMATCH and _IP_ADDRESS_MISMATCH. A certificate that is not valid
# yet has no code of Twilio's own; nothing leads to it, so it stands with those that lead nowhere.
_CERTIFICATE: Final = {
    10: failure.CERTIFICATE_EXPIRED,
    62: failure.CERTIFICATE_MISMATCH,
    64: failure.CERTIFICATE_MISMATCH,
}


def name_failure(error: OSError, target: Target) -> Failure:
    """A name that leads nowhere, or to no address that may be asked."""
    if isinstance(error, AddressError):
        return Failure(failure.CONNECTION_FAILURE, _told(target, error))
    return Failure(failure.BAD_HOST_NAME, _told(target, error))


def opening_failure(error: Exception, target: Target) -> Failure:
    """A connection that could not be made."""
    match error:
        case ssl.CertificateError():
            return Failure(_certificate_code(error), _told(target, error), Stage.CONNECT)
        case ssl.SSLError():
            return Failure(failure.TLS_HANDSHAKE, _told(target, error), Stage.CONNECT)
        case AddressError():
            return Failure(failure.CONNECTION_FAILURE, _told(target, error))
        case ConnectionRefusedError():
            return Failure(failure.CONNECTION_REFUSED, target.text, Stage.CONNECT)
    return Failure(failure.CONNECTION_FAILURE, _told(target, error), Stage.CONNECT)


def failure_of(error: Exception, target: Target, answering: bool) -> Failure:
    """The Failure for an exception of the client; `answering` says that an answer had begun."""
    stage = Stage.BODY if answering else Stage.READ
    match error:
        case aiohttp.ClientConnectorCertificateError():
            return opening_failure(error.certificate_error, target)
        case aiohttp.ClientConnectorDNSError():
            return name_failure(error.os_error, target)
        case aiohttp.ClientConnectorError():
            return opening_failure(error.os_error, target)
        case Silent():
            return Failure(failure.CONNECTION_FAILURE, f"{target.text}: no answer in time", stage)
        case aiohttp.ConnectionTimeoutError():
            return Failure(failure.CONNECT_TIMEOUT, target.text, Stage.CONNECT)
        case aiohttp.ServerTimeoutError():
            return Failure(failure.CONNECTION_FAILURE, f"{target.text}: no answer in time", stage)
        case TimeoutError():
            return _out_of_time(target)
        case aiohttp.InvalidURL():
            return Failure(failure.BAD_HOST_NAME, target.text)
    return Failure(failure.PROTOCOL_VIOLATION, _told(target, error), stage)


def _certificate_code(error: Exception) -> int:
    verify_code = error.verify_code if isinstance(error, ssl.SSLCertVerificationError) else 0
    return _CERTIFICATE.get(verify_code, failure.CERTIFICATE_UNTRUSTED)


def _out_of_time(target: Target) -> Failure:
    """11203 speaks of the application's own `tt`; without one the 15 seconds belong to 11205."""
    code = failure.TOTAL_TIMEOUT if target.overrides.total_is_set else failure.CONNECTION_FAILURE
    return Failure(code, f"{target.text}: no time left", Stage.TOTAL)


def _told(target: Target, error: Exception) -> str:
    return f"{target.text}: {str(error) or type(error).__name__}"
