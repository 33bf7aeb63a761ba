"""From a file's path to camera and start, by what its source says."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from cctv.ingest.incoming import Incoming
from cctv.ingest.layouts import patterns_of, read_path, zone_of
from cctv.ingest.models import Source
from cctv.ingest.moments import NoSuchTime
from cctv.ingest.patterns import Pattern, Reading, UnreadablePath
from cctv.ingest.reasons import Reason
from cctv.sites.models import Camera


class PathReader:
    """From a file's path to camera and start, by the source's layout, pattern, zone and camera names."""

    def __init__(self, source: Source) -> None:
        """Cameras are looked up once each."""
        self.source = source
        self.patterns: tuple[Pattern, ...] = patterns_of(
            source.layout, own=source.pattern, one_camera=source.camera_id is not None
        )
        self.zone: ZoneInfo = zone_of(source.layout, source.time_zone)
        self._cameras: dict[str, Camera | None] = {}

    def incoming(self, name: str, *, modified_at: datetime | None, origin: str) -> Incoming:
        """The file `name` (relative, with "/") as something to admit, or with the reason against it."""
        reading, reason = read_name(name, self.patterns, self.zone)
        camera = self.source.camera or (self._camera(reading.camera) if reading else None)
        if reason is None and camera is None and reading is not None:
            reason = Reason("unknown_camera", f"The path names “{reading.camera[:200]}”.", 404)
        return Incoming(
            site=self.source.site,
            camera=camera,
            starts=reading.starts if reading else (),
            origin=origin,
            original_name=name,
            source=self.source,
            modified_at=modified_at,
            reason=reason,
        )

    def _camera(self, name: str) -> Camera | None:
        """The camera by the source's own table of names, else by its code: never by likeness."""
        if name not in self._cameras:
            code = self.source.camera_names.get(name, name)
            found = Camera.objects.filter(site=self.source.site_id, code=code).select_related("site")
            self._cameras[name] = found.first()
        return self._cameras[name]


def read_name(name: str, patterns: Sequence[Pattern], zone: ZoneInfo) -> tuple[Reading | None, Reason | None]:
    """What a relative path says, or why it says nothing."""
    try:
        return read_path(name, patterns, zone), None
    except NoSuchTime as error:
        return None, Reason("no_such_time", f"{error}.")
    except UnreadablePath as error:
        return None, Reason("unparsable_name", f"{str(error)[:1].upper()}{str(error)[1:]}.")
