"""What the player room's page and its scripts are told of an open session: times, names and addresses."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.staticfiles import finders
from django.urls import reverse
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.localtime import zone_names
from cctv.footage import playlist, selectors
from cctv.footage.models import ViewingSession
from cctv.footage.viewings import closing
from cctv.sites.masks import scopes
from cctv.sites.models import Camera

MOST_SHOWN = 9
LAYOUTS = (1, 2, 4, 6, 9)
# Scripts in the same folder that are a site's page's.
OTHER_SCRIPTS = frozenset({"site.js"})
# The address of a small picture with this in it becomes that of a segment's.
NO_SEGMENT = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class RoomCamera:
    """One camera of the session; `first` is where its footage in the session begins, None without any."""

    number: int
    camera: Camera
    first: datetime | None

    @property
    def masked(self) -> bool:
        """Whether areas of its picture are covered before anything is sent."""
        return scopes.shows_less(self.camera.privacy_masks)


def cameras_of(session: ViewingSession) -> list[RoomCamera]:
    """The session's cameras by name, numbered as the keys 1 to 9 choose them."""
    found = []
    for number, camera in enumerate(session.cameras.order_by("name"), start=1):
        first = (
            selectors.segments_of(session, camera_id=camera.pk).values_list("starts_at", flat=True).first()
        )
        found.append(RoomCamera(number, camera, first and max(first, session.starts_at)))
    return found


def layouts_for(cameras: int) -> list[int]:
    """How many pictures may stand side by side: up to the first layout that has room for all."""
    enough = next((count for count in LAYOUTS if count >= cameras), LAYOUTS[-1])
    return [count for count in LAYOUTS if count <= enough]


@cache
def modules() -> tuple[str, ...]:
    """The room's scripts below `static/`: the page asks for all at once, not for one after another."""
    folder = Path(str(finders.find("js/console")))
    found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.js"))
    return tuple(f"js/console/{name}" for name in found if name not in OTHER_SCRIPTS)


def key_names() -> str:
    """What the help sheet calls keys that write no letter, as JSON."""
    names = {" ": _("Space"), "Shift": _("Shift"), "Escape": _("Esc"), "Enter": _("Enter")}
    arrows = {"ArrowLeft": "←", "ArrowRight": "→", "ArrowUp": "↑", "ArrowDown": "↓"}
    return json.dumps(names | arrows)


def facts_of(session: ViewingSession, cameras: list[RoomCamera]) -> dict[str, Any]:
    """The JSON that the scripts begin with; times are epoch milliseconds.

    `origin` is where media time is 0 (see `playlist`); `mark` is what moves over each picture.
    """
    name = session.actor.name
    return {
        "viewing": str(session.pk),
        "site": session.site.code,
        "zone": session.site.time_zone,
        "zoneNames": zone_names(ZoneInfo(session.site.time_zone), session.starts_at),
        "origin": _ms(playlist.origin(session)),
        "starts": _ms(session.starts_at),
        "ends": _ms(session.ends_at),
        "now": _ms(clock.now()),
        "secondsLeft": seconds_left(session),
        "idleSeconds": closing.IDLE_AFTER.total_seconds(),
        "maxShown": MOST_SHOWN,
        "viewer": name,
        "mark": f"{name} · {session.case or session.purpose.name}",
        "held": session.hold is not None,
        "urls": {
            **{name: reverse(f"viewing-{name}", args=[session.pk]) for name in ("alive", "close", "extend")},
            "timeline": reverse("site-timeline", args=[session.site.code]),
        },
        "cameras": [_camera_facts(session, each) for each in cameras],
    }


def seconds_left(session: ViewingSession) -> int:
    """Until the session ends by its time."""
    return int((session.valid_until - clock.now()).total_seconds())


def _camera_facts(session: ViewingSession, each: RoomCamera) -> dict[str, Any]:
    place = [session.pk, each.camera.code]
    return {
        "number": each.number,
        "code": each.camera.code,
        "name": each.camera.name,
        "playlist": reverse("viewing-playlist", args=place),
        "still": reverse("viewing-still", args=place),
        "thumb": reverse("viewing-thumb", args=[*place, NO_SEGMENT]).replace(NO_SEGMENT, "{segment}"),
        "masked": each.masked,
        "empty": each.first is None,
        "first": _ms(each.first) if each.first else None,
    }


def _ms(moment: datetime) -> float:
    """Whole milliseconds where they are whole, as recorders write them; else with their fraction."""
    ms = round(moment.timestamp() * 1000, 3)
    return int(ms) if ms == int(ms) else ms
