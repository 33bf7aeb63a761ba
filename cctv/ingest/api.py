"""The upload door for recorders: a body goes straight from the socket into the sealer.

No Django parser, upload handler or temporary file ever sees it. Errors are JSON of the shape
{"error": {"code", "message", "hint"}}, as everywhere below /api/.
"""

import base64
import binascii
import contextlib
import logging
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Protocol

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from cctv.core import clock
from cctv.ingest import openapi, recorders
from cctv.ingest.admission import take_in
from cctv.ingest.arrivals import Stream
from cctv.ingest.errors import (
    BadChecksumHeader,
    BadStart,
    CutOff,
    LengthRequired,
    MethodNotAllowed,
    RegisterUnavailable,
    TooLarge,
)
from cctv.ingest.files import PIECE_BYTES
from cctv.ingest.incoming import Admission, Incoming, Origin, Outcome

log = logging.getLogger("cctv.ingest")

RETRY_AFTER_S = 10
# After a refusal this much of the body is read and dropped, so that the sender gets to read the answer.
DRAIN_BYTES = 32 << 20
_START = re.compile(
    r"(\d{4})(-?)(\d{2})\2(\d{2})T(\d{2})(:?)(\d{2})\6(\d{2})(?:[.,](\d{1,9}))?(?:Z|\+00:?00)", re.ASCII
)
View = Callable[..., HttpResponse]


class Input(Protocol):
    """`wsgi.input`."""

    def read(self, size: int, /) -> bytes: ...


class Body:
    """The request's body as a stream of pieces, counted. Works with a length and with chunks."""

    def __init__(self, request: HttpRequest) -> None:
        """Raises LengthRequired or TooLarge before anything is read."""
        meta = request.META
        self._input: Input = meta["wsgi.input"]
        chunked = "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower()
        announced = str(meta.get("CONTENT_LENGTH") or "")
        self.length = int(announced) if announced.isascii() and announced.isdigit() and not chunked else None
        self.chunked = chunked
        self.received = 0

    def check(self) -> None:
        """Raises LengthRequired without length and chunks, TooLarge for an announced length that is."""
        if self.length is None and not self.chunked:
            raise LengthRequired
        if (self.length or 0) > settings.LETHE_UPLOAD_MAX_BYTES:
            raise TooLarge

    def pieces(self) -> Iterator[bytes]:
        """All of the body; raises CutOff when it breaks off, TooLarge when it goes on for too long."""
        while piece := self._read(PIECE_BYTES):
            self.received += len(piece)
            if self.received > settings.LETHE_UPLOAD_MAX_BYTES:
                raise TooLarge
            yield piece
        if self.length is not None and self.received != self.length:
            raise CutOff

    def drain(self) -> None:
        """Drop what the sender still has to say, within reason."""
        if self.length is None and not self.chunked:
            return
        left = DRAIN_BYTES
        with contextlib.suppress(CutOff):
            while left > 0 and (piece := self._read(min(PIECE_BYTES, left))):
                self.received += len(piece)
                left -= len(piece)

    def _read(self, size: int) -> bytes:
        if self.length is not None:
            size = min(size, self.length - self.received)
        if size <= 0:
            return b""
        try:
            return self._input.read(size)
        except (OSError, ValueError, EOFError) as error:
            # A connection that breaks shows as whatever the server makes of it.
            raise CutOff from error


def answers_json(view: View) -> View:
    """Errors of the view as JSON; trouble of ours as 503 with Retry-After, so that recorders try again."""

    @wraps(view)
    def wrapped(request: HttpRequest, **arguments: Any) -> HttpResponse:
        try:
            return view(request, **arguments)
        except (OperationalError, InterfaceError):
            return _error(RegisterUnavailable())
        except Exception as error:
            if getattr(error, "status", None) is None or getattr(error, "code", None) is None:
                raise
            return _error(error)

    return wrapped


def _error(error: Any) -> HttpResponse:
    status = int(error.status)
    body = {
        "code": str(error.code),
        "message": str(error.message),
        "hint": str(getattr(error, "hint", "") or ""),
    }
    response = JsonResponse({"error": body}, status=503 if status >= 500 else status)
    response["Cache-Control"] = "no-store"
    if status >= 500:
        log.error("upload refused: %s", error)
        response["Retry-After"] = str(RETRY_AFTER_S)
    if status == 401:
        response["WWW-Authenticate"] = 'Bearer realm="Lethe recorders"'
    return response


@csrf_exempt
@login_not_required
@answers_json
def segment(request: HttpRequest, code: str, start: str) -> HttpResponse:
    """PUT one recorded segment of the recorder's own camera `code` that began at `start`."""
    if request.method != "PUT":
        raise MethodNotAllowed
    body = Body(request)
    # Of a stranger nothing is read, not even to drop it: that would hold the thread.
    recorder = recorders.authenticate(request.headers.get("Authorization", ""))
    try:
        camera = recorders.camera_of(recorder, code)
        incoming = Incoming(
            site=camera.site,
            camera=camera,
            starts=(parse_start(start),),
            origin=Origin.UPLOAD,
            original_name=f"{code}/{start}",
            recorder=recorder,
            expected_sha256=checksum_of(request),
        )
        body.check()
        return _answer(take_in(incoming, Stream(body.pieces())))
    except Exception:
        body.drain()
        raise


def _answer(admission: Admission) -> HttpResponse:
    """201 for a new segment, 200 for one there already or erased before, else the status of the reason."""
    if admission.outcome is Outcome.ERASED:
        return JsonResponse({"outcome": str(admission.outcome)})
    if admission.outcome is Outcome.QUARANTINED:
        reason, row = admission.reason, admission.quarantined
        assert reason is not None
        assert row is not None
        body = {
            "code": reason.code,
            "message": str(reason.title),
            "hint": str(reason.hint),
            "detail": reason.detail,
            "quarantined": str(row.pk),
        }
        return JsonResponse({"error": body}, status=reason.status)
    segment = admission.segment
    assert segment is not None
    facts = {
        "outcome": str(admission.outcome),
        "id": str(segment.pk),
        "starts_at": clock.rfc3339(segment.starts_at),
        "ends_at": clock.rfc3339(segment.ends_at),
        "expires_at": clock.rfc3339(segment.expires_at),
        "frames": segment.frames,
        "codec": segment.codec,
        "audio_kept": segment.audio_kept,
    }
    return JsonResponse(facts, status=201 if admission.outcome is Outcome.LIVE else 200)


@login_not_required
def openapi_document(request: HttpRequest) -> HttpResponse:
    """The OpenAPI document of this installation."""
    return JsonResponse(openapi.document(request.build_absolute_uri("/").rstrip("/")))


def parse_start(text: str) -> datetime:
    """A UTC time in the basic or extended form of RFC 3339 / ISO 8601; raises BadStart."""
    found = _START.fullmatch(text)
    if found is None:
        raise BadStart
    year, _dash, month, day, hour, _colon, minute, second, fraction = found.groups()
    numbers = [int(part) for part in (year, month, day, hour, minute, second)]
    try:
        return datetime(*numbers, int((fraction or "0").ljust(6, "0")[:6]), tzinfo=UTC)  # type: ignore[arg-type, misc]
    except ValueError:
        raise BadStart from None


def checksum_of(request: HttpRequest) -> bytes | None:
    """The SHA-256 that the sender announces (X-Checksum-SHA256, Repr-Digest or Content-Digest), or None.

    Raises BadChecksumHeader; two headers that disagree are an error too.
    """
    found: set[bytes] = set()
    try:
        if plain := request.headers.get("X-Checksum-SHA256"):
            found.add(bytes.fromhex(plain.strip()))
        for name in ("Repr-Digest", "Content-Digest"):
            found.update(_digests(request.headers.get(name, "")))
    except (ValueError, binascii.Error):
        raise BadChecksumHeader from None
    if len(found) > 1 or any(len(digest) != 32 for digest in found):
        raise BadChecksumHeader
    return found.pop() if found else None


def _digests(header: str) -> Iterator[bytes]:
    """The sha-256 members of a digest field (RFC 9530); other algorithms are passed over."""
    for member in filter(None, (part.strip() for part in header.split(","))):
        name, _equals, value = member.partition("=")
        if name.strip().lower() != "sha-256":
            continue
        if len(value) < 2 or value[0] != ":" or value[-1] != ":":
            raise ValueError(value)
        yield base64.b64decode(value[1:-1], validate=True)
