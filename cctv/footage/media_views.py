"""The addresses that footage leaves by. Each parses, calls one service, and streams its answer."""

from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_cache_control
from django.views.decorators.http import require_GET

from cctv.core import clock
from cctv.footage import playback
from cctv.footage import viewing as sessions
from cctv.footage.errors import OtherTerminal, OutsideViewing, WindowRefused
from cctv.footage.media import hls
from cctv.footage.models import ViewingSession
from cctv.footage.playlist import session_playlist
from cctv.footage.views import own_session
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.sites.masks import polygons
from cctv.sites.models import Camera

VIEW = "footage.watch"
Response = TypeVar("Response", bound=HttpResponseBase)


@require_GET
@requires(VIEW)
def playlist(request: Request, pk: UUID, camera_code: str) -> HttpResponse:
    """Which parts there are, `from` and `to` a time where asked; holds times, no pictures."""
    session, camera = opened(request, pk, camera_code)
    start, end = (_window_edge(request.GET.get(name)) for name in ("from", "to"))
    text = session_playlist(
        session,
        camera,
        plays_hevc=_plays_hevc(request),
        mask=polygons.version(playback.masks_of(camera)),
        start=start,
        end=end,
    )
    return private(HttpResponse(text, content_type=hls.CONTENT_TYPE))


@require_GET
@requires(VIEW)
def init(request: Request, pk: UUID, camera_code: str, segment: UUID) -> HttpResponse:
    """A stream's parameters."""
    session, camera = opened(request, pk, camera_code)
    data = playback.init(
        session,
        camera=camera,
        segment_id=segment,
        plays_hevc=_unconverted(request),
        mask=request.GET.get("mask", ""),
    )
    return private(HttpResponse(data, content_type="video/mp4"))


@require_GET
@requires(VIEW)
def part(request: Request, pk: UUID, camera_code: str, segment: UUID, number: int) -> StreamingHttpResponse:
    """One part of video."""
    session, camera = opened(request, pk, camera_code)
    picture = playback.part(
        session,
        camera=camera,
        segment_id=segment,
        number=number,
        base_ms=_milliseconds(request.GET.get("t", "0")),
        plays_hevc=_unconverted(request),
        keys_only=request.GET.get("keys") == "1",
        mask=request.GET.get("mask", ""),
    )
    return stream(session, picture, "video/iso.segment")


@require_GET
@requires(VIEW)
def thumb(request: Request, pk: UUID, camera_code: str, segment: UUID) -> StreamingHttpResponse:
    """The small picture of a segment."""
    session, camera = opened(request, pk, camera_code)
    picture = playback.thumbnail(session, camera=camera, segment_id=segment)
    return stream(session, picture, "image/jpeg")


def opened(request: Request, pk: UUID, camera_code: str) -> tuple[ViewingSession, Camera]:
    """The person's own open session, and one of its cameras."""
    session = own_session(request, pk)
    sessions.require_open(session)
    if terminal_of(request) != session.terminal:
        raise OtherTerminal
    camera = session.cameras.filter(code=camera_code).first()
    if camera is None:
        raise OutsideViewing
    return session, camera


def stream(session: ViewingSession, picture: playback.Picture, content_type: str) -> StreamingHttpResponse:
    """A picture on its way, cut off where its session ends."""
    response = StreamingHttpResponse(playback.sending(session, picture), content_type=content_type)
    response["Content-Length"] = str(len(picture.data))
    private(response)
    return response


def private(response: Response) -> Response:
    """Pictures stay in no cache: what a browser kept would be footage that no purge reaches."""
    patch_cache_control(response, private=True, no_store=True)
    return response


def _plays_hevc(request: Request) -> bool:
    return request.GET.get("hevc") == "1"


def _unconverted(request: Request) -> bool:
    """A part's address says `from=<codec>` when the playlist promised it converted."""
    return "from" not in request.GET


def _milliseconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        raise NotFound from None
    if not 0 <= value < 1e11:
        raise NotFound
    return value


def _window_edge(text: str | None) -> datetime | None:
    try:
        return clock.parse_rfc3339(text) if text else None
    except ValueError:
        raise WindowRefused from None


def moment(text: str) -> datetime:
    """The time of an RFC 3339 text; NotFound for anything else."""
    try:
        return clock.parse_rfc3339(text)
    except ValueError:
        raise NotFound from None
