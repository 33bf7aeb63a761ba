"""A form with one picture, read while it comes in: the fields that stand before it, then the picture itself.

No upload handler sees it and nothing is kept: whoever takes the picture pulls it piece by piece from the
connection, and stops when they have had enough. What is longer than it said is not read; a body without a
length is not read at all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest
from django.http.multipartparser import (
    FIELD,
    FILE,
    ChunkIter,
    InputStreamExhausted,
    LazyStream,
    MultiPartParserError,
    Parser,
)
from django.utils.http import parse_header_parameters

from cctv.subjects.identity.errors import CutOff

PIECE_BYTES = 64 << 10
MOST_PARTS = 8
FIELD_BYTES = 1_000
_BOUNDARY_LETTERS = 200


@dataclass
class Sent:
    """`fields` that came before the picture, and its bytes, once; none if there was no picture."""

    fields: dict[str, str] = field(default_factory=dict)
    picture: Iterator[bytes] | None = None


def fields(request: HttpRequest) -> dict[str, str]:
    """What stands before the picture."""
    return sent(request).fields


def sent(request: HttpRequest) -> Sent:
    """The form, read up to its picture; what is no such form is empty."""
    known: Sent | None = getattr(request, "portal_sent", None)
    if known is None:
        known = _read(request)
        request.portal_sent = known  # type: ignore[attr-defined]
    return known


def _read(request: HttpRequest) -> Sent:
    form = Sent()
    boundary = _boundary(request.META.get("CONTENT_TYPE", ""))
    if not boundary:
        return form
    try:
        parts = Parser(LazyStream(ChunkIter(request, PIECE_BYTES)), boundary)
        for kind, headers, stream in islice(parts, MOST_PARTS):
            if kind == FILE:
                form.picture = _pieces(stream)
                break
            value = stream.read(FIELD_BYTES + 1)
            if len(value) > FIELD_BYTES:
                return Sent()
            if kind == FIELD:
                form.fields[_name(headers)] = value.decode("utf-8", "replace")
    except (MultiPartParserError, InputStreamExhausted, SuspiciousOperation):
        return Sent()
    except OSError as error:
        raise CutOff from error
    return form


def _pieces(stream: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from stream
    except OSError as error:
        raise CutOff from error


def _boundary(content_type: str) -> bytes:
    kind, options = parse_header_parameters(content_type)
    boundary = str(options.get("boundary", "")) if kind == "multipart/form-data" else ""
    return boundary.encode() if boundary.isascii() and 0 < len(boundary) <= _BOUNDARY_LETTERS else b""


def _name(headers: Mapping[str, tuple[str, Mapping[str, bytes | str]]]) -> str:
    _value, options = headers.get("content-disposition", ("", {}))
    name = options.get("name", b"")
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name
