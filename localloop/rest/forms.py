"""The two form encodings, read strictly: what is broken is a 400, never replaced by something else.

`urllib.parse.parse_qsl` is three times slower than what `decode` does with `unquote`, and lets broken escapes and
invalid UTF-8 through.
"""

from __future__ import annotations

from binascii import a2b_qp
from typing import Final

from msgspec import Struct
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field, File, FormParser, parse_options_header

from localloop.core import errors
from localloop.core.errors import ApiError

URLENCODED: Final = "application/x-www-form-urlencoded"
MULTIPART: Final = "multipart/form-data"


class Part(Struct, frozen=True):
    """One part of a multipart form."""

    name: str
    content: bytes
    is_file: bool = False


def unquote(escaped: str) -> str:
    """Resolves `%2B`; raises 400 for a percent sign without two hex digits,
    UnicodeDecodeError for what is not UTF-8 then.

    Quoted-printable is the same code with `=` for `%`, and the standard library decodes it in C. It leaves a broken
    escape in place, or takes less away than the two characters of a good one; only a line's end makes it take more.
    """
    if "\n" in escaped or "\r" in escaped:
        escaped = escaped.replace("\n", "%0A").replace("\r", "%0D")
    quoted = escaped.replace("=", "=3D").replace("%", "=").encode()
    plain = a2b_qp(quoted)
    if len(quoted) - len(plain) != 2 * quoted.count(b"="):
        raise broken("The request contains an invalid percent-encoding.")
    return plain.decode()


def multipart(content_type: str, body: bytes) -> list[Part]:
    """The parts in order. Raises 400 when the body is not what its content type says, or is cut off."""
    if not body:
        return []
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise broken("The multipart boundary is missing.")
    parts: list[Part] = []
    ended: list[bool] = []
    parser = FormParser(
        MULTIPART,
        on_field=lambda field: parts.append(_of_field(field)),
        on_file=lambda file: parts.append(_of_file(file)),
        on_end=lambda: ended.append(True),
        boundary=boundary,
    )
    try:
        parser.write(body)
        parser.finalize()
    except FormParserError:
        ended.clear()
    finally:
        parser.close()
    if not ended:
        raise broken("The multipart body is malformed.")
    return parts


def _of_field(field: Field) -> Part:
    return Part(text(field.field_name or b""), field.value or b"")


def _of_file(file: File) -> Part:
    file.file_object.seek(0)
    return Part(text(file.field_name or b""), file.file_object.read(), is_file=True)


def text(raw: bytes) -> str:
    """UTF-8, strictly, and without NUL."""
    try:
        decoded = raw.decode()
    except UnicodeDecodeError:
        raise invalid_utf8() from None
    if "\0" in decoded:
        raise contains_nul()
    return decoded


def broken(message: str) -> ApiError:
    return errors.bad_request(message)


def invalid_utf8() -> ApiError:
    return broken("The request is not valid UTF-8.")


def contains_nul() -> ApiError:
    return broken("The request contains a NUL character.")
