"""What a program's environment must say, so that its runtime comes to the proxy and trusts the authority there.

Each runtime looks elsewhere: Python's requests has its own list of authorities, Node reads HTTP_PROXY alone and adds
authorities to its own, Java knows no environment but options, PHP only its ini files. What replaces a runtime's
list holds the system's authorities as well, so that whatever else the program calls stays verified.
"""

from __future__ import annotations

import hashlib
import os
import ssl
import warnings
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption, pkcs12
from cryptography.utils import CryptographyDeprecationWarning
from msgspec import Struct

from localloop.intercept.authority import CERTIFICATE, DOMAIN
from localloop.intercept.upstream import OWN, entries, exempts, named_in

# Where systems keep the authorities that they trust, in one file.
_SYSTEM: Final = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
# Variables whose file replaces what a program would trust otherwise; NIX_SSL_CERT_FILE only matters where it is set.
_REPLACING: Final = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
_ONLY_WHERE_SET: Final = ("NIX_SSL_CERT_FILE",)
_PROXIES: Final = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy")
_ALWAYS_DIRECT: Final = ("localhost", "127.0.0.1", "::1")
_BEGIN: Final = b"-----BEGIN CERTIFICATE-----"
_END: Final = b"-----END CERTIFICATE-----"


class Interceptor(Struct, frozen=True):
    """The proxy that runs: its URL, its authority's folder, and a folder where files for programs may be written."""

    proxy: str
    authority: Path
    files: Path


def variables(interceptor: Interceptor, environ: Mapping[str, str]) -> dict[str, str]:
    """What is to be added to `environ`. Writes the files that it names. Raises OSError."""
    own = (interceptor.authority / CERTIFICATE).read_bytes()
    added = dict.fromkeys(_PROXIES, interceptor.proxy)
    no_proxy = ",".join(_direct(environ))
    added |= {"NO_PROXY": no_proxy, "no_proxy": no_proxy, OWN: interceptor.proxy}
    for scheme in ("https", "http"):
        behind = named_in(environ, scheme)
        if urlsplit(behind).scheme in ("http", "https"):
            added["LOCALLOOP_UPSTREAM_PROXY"] = behind
            break
    system = _system_authorities()
    replacing = (*_REPLACING, *(name for name in _ONLY_WHERE_SET if environ.get(name)))
    for name in replacing:
        trusted = _with(own, _read(environ.get(name, "")) or system)
        added[name] = str(_kept(interceptor.files, "authorities", ".pem", trusted))
    return added | _node(interceptor, own, environ) | _others(interceptor, _with(own, system), environ)


def left_out(environ: Mapping[str, str]) -> list[str]:
    """Entries of NO_PROXY that would lead the program past us to Twilio, and so are not kept."""
    given = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    return [entry for entry in entries(given) if _leads_past(entry)]


def _direct(environ: Mapping[str, str]) -> list[str]:
    given = entries(environ.get("NO_PROXY") or environ.get("no_proxy") or "")
    kept = [entry for entry in given if not _leads_past(entry)]
    return list(dict.fromkeys((*kept, *_ALWAYS_DIRECT)))


def _leads_past(entry: str) -> bool:
    name = entry.rpartition(":")[0] or entry
    return exempts(entry, f"api.{DOMAIN}", 443) or name.endswith(f".{DOMAIN}") or name == "com"


def _node(interceptor: Interceptor, own: bytes, environ: Mapping[str, str]) -> dict[str, str]:
    """Node adds the file's authorities to its own."""
    extra = _with(own, _read(environ.get("NODE_EXTRA_CA_CERTS", "")))
    return {
        "NODE_EXTRA_CA_CERTS": str(_kept(interceptor.files, "node", ".pem", extra)),
        "NODE_USE_ENV_PROXY": "1",  # fetch and https.request, from Node 22.21 on
    }


def _others(interceptor: Interceptor, trusted: bytes, environ: Mapping[str, str]) -> dict[str, str]:
    bundle = _kept(interceptor.files, "authorities", ".pem", trusted)
    ini = f'curl.cainfo = "{bundle}"\nopenssl.cafile = "{bundle}"\n'
    php = _kept(interceptor.files, "php", ".ini", ini.encode(), in_folder=True).parent
    python = _kept(interceptor.files, "python", ".py", _sitecustomize(), in_folder=True).parent
    store = _kept_store(interceptor.files, trusted)
    return {
        "PYTHONPATH": _listed(str(python), environ.get("PYTHONPATH", ""), first=True),
        # An empty entry is the folder that PHP was built with.
        "PHP_INI_SCAN_DIR": _listed(str(php), environ.get("PHP_INI_SCAN_DIR", ""), first=False),
        "JAVA_TOOL_OPTIONS": _java(interceptor.proxy, store, environ),
    }


def _listed(entry: str, others: str, *, first: bool) -> str:
    if entry in others.split(os.pathsep):
        return others
    if first:
        return f"{entry}{os.pathsep}{others}" if others else entry
    return f"{others}{os.pathsep}{entry}"


def _java(proxy: str, store: Path, environ: Mapping[str, str]) -> str:
    parts = urlsplit(proxy)
    properties = {
        "https.proxyHost": parts.hostname,
        "https.proxyPort": parts.port,
        "http.proxyHost": parts.hostname,
        "http.proxyPort": parts.port,
        "http.nonProxyHosts": "|".join(_java_host(entry) for entry in _direct(environ)),
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStoreType": "PKCS12",
    }
    options = [_quoted(f"-D{name}={value}") for name, value in properties.items()]
    kept = environ.get("JAVA_TOOL_OPTIONS", "")
    return " ".join([kept.partition("-Dhttps.proxyHost=")[0].strip(), *options]).strip()


def _java_host(entry: str) -> str:
    host = entry.removeprefix("*").removeprefix(".")
    if ":" in host:
        return f"[{host}]"
    return f"{host}|*.{host}" if host.rpartition(".")[2].isalpha() else host


def _quoted(option: str) -> str:
    return f'"{option}"' if " " in option or "|" in option else option


# Files -----------------------------------------------------------------------------------------------------------


def _kept(folder: Path, name: str, suffix: str, content: bytes, *, in_folder: bool = False) -> Path:
    """A file of this content, named after it: programs that run at the same time may want different ones."""
    mark = hashlib.sha256(content).hexdigest()[:12]
    if in_folder:
        file = "sitecustomize.py" if suffix == ".py" else f"localloop{suffix}"
        path = folder / f"{name}-{mark}" / file
    else:
        path = folder / f"{name}-{mark}{suffix}"
    if not path.exists():
        _write(path, content)
    return path


def _kept_store(folder: Path, trusted: bytes) -> Path:
    """Java's form of the authorities. It is not the same bytes twice, so it is named after what it is made of."""
    path = folder / f"java-{hashlib.sha256(trusted).hexdigest()[:12]}.p12"
    if not path.exists():
        named = [
            pkcs12.PKCS12Certificate(certificate, f"authority {number}".encode())
            for number, certificate in enumerate(_certificates(trusted))
        ]
        _write(path, pkcs12.serialize_java_truststore(named, NoEncryption()))
    return path


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}.{os.getpid()}")
    temporary.write_bytes(content)
    temporary.replace(path)


def _certificates(pem: bytes) -> list[x509.Certificate]:
    """Those that can be read; a system's list may hold one that is as old as it is wrong."""
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        for part in pem.split(_BEGIN)[1:]:
            try:
                certificate = x509.load_pem_x509_certificate(_BEGIN + part.partition(_END)[0] + _END + b"\n")
            except ValueError:
                continue
            found.append(certificate)
    return found


def _with(own: bytes, others: bytes) -> bytes:
    if own.strip() in others:
        return others
    return others.rstrip(b"\n") + b"\n" + own if others.strip() else own


def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes() if path else b""
    except OSError:
        return b""


def _system_authorities() -> bytes:
    """PEM of what this system trusts."""
    compiled = ssl.get_default_verify_paths()
    for path in (compiled.openssl_cafile, *_SYSTEM):
        if found := _read(path):
            return found
    known = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(ssl.DER_cert_to_PEM_cert(der) for der in known).encode()


def _sitecustomize() -> bytes:
    return resources.files("localloop.intercept").joinpath("startup.py").read_bytes()
