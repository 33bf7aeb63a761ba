"""A copy as an answer with ranges: what a browser's player asks for."""

import re
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from cctv.people.models import Account
from cctv.subjects.delivering import sending
from cctv.subjects.delivering.errors import RangeUnfit
from cctv.subjects.delivering.models import Delivery, DeliverySending

TYPE = "video/mp4"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)


def answer(
    request: HttpRequest, row: Delivery, begun: DeliverySending, *, name: str, keep: bool = False,
    actor: Account | None = None, still: Callable[[], None] | None = None,
) -> HttpResponseBase:  # fmt: skip
    """The bytes that were asked for, or 416. What `sending.send` raises."""
    try:
        asked = span_of(request.headers.get("Range", ""), sending.size_of(row))
        start, stop = asked or (0, None)
        out = sending.send(row, begun, actor=actor, start=start, stop=stop, still=still)
    except RangeUnfit as error:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{error.size}"})
    response = StreamingHttpResponse(out.pieces, content_type=TYPE, status=206 if asked else 200)
    described(response, name, out.stop - out.start, keep=keep)
    if asked:
        response["Content-Range"] = f"bytes {out.start}-{out.stop - 1}/{out.size}"
    return response


def described(response: HttpResponseBase, name: str, length: int, *, keep: bool = False) -> HttpResponseBase:
    """With its name, length and that it can be had in pieces."""
    response["Content-Disposition"] = content_disposition_header(keep, name) or ""
    response["Accept-Ranges"] = "bytes"
    response["Content-Length"] = str(length)
    response["Cache-Control"] = "no-store, private"
    return response


def span_of(said: str, size: int) -> tuple[int, int] | None:
    """Bytes [start, stop) of one range; None for the whole. RangeUnfit beyond the end."""
    asked = _RANGE.match(said)
    if not asked or not any(asked.groups()):
        return None
    first, last = asked.groups()
    if not first:  # the last so many
        if int(last) == 0:
            raise RangeUnfit(size)
        return max(0, size - int(last)), size
    stop = min(int(last) + 1, size) if last else size
    if int(first) >= stop:
        raise RangeUnfit(size)
    return int(first), stop
