"""What a site's page needs so that cameras and a stretch of time can be chosen on its timeline."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.urls import reverse

from cctv.core import clock
from cctv.core.localtime import zone_names
from cctv.footage.viewing import LONGEST_SPAN, MOST_CAMERAS
from cctv.people.policy import Permissions
from cctv.sites.models import Camera, Site

# What the timeline shows at first.
SHOWN = timedelta(hours=24)


def picking_of(site: Site, cameras: Iterable[Camera], *, permissions: Permissions) -> dict[str, Any]:
    """What `cctv/footage/_site_timeline.html` shows as `picking`.

    `facts` is the JSON that its script begins with; times are epoch milliseconds.
    """
    found = list(cameras)
    now = clock.now()
    return {
        "cameras": found,
        "may_view": permissions.may("footage.view", site_id=site.pk),
        "may_hold": permissions.may("hold.place", site_id=site.pk),
        "may_export": permissions.may("export.ask", site_id=site.pk),
        "may_case": permissions.may("case.change", site_id=site.pk),
        "facts": {
            "url": reverse("site-timeline", args=[site.code]),
            "zone": site.time_zone,
            "zoneNames": zone_names(ZoneInfo(site.time_zone), now),
            "now": _ms(now.timestamp()),
            "starts": _ms((now - SHOWN).timestamp()),
            "ends": _ms(now.timestamp()),
            "mostCameras": MOST_CAMERAS,
            "longest": _ms(LONGEST_SPAN.total_seconds()),
            "cameras": [{"code": camera.code, "name": camera.name} for camera in found],
        },
    }


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
