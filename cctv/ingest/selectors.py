"""Reads for the pages of ingest."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.ingest import errors as ingest_errors
from cctv.ingest import places, reasons
from cctv.ingest.closed import stroll
from cctv.ingest.models import Quarantined, Recorder, Source
from cctv.ingest.paths import PathReader
from cctv.ingest.sweep import is_video
from cctv.sites.models import Camera, Site
from cctv.templatetags import _times
from cctv.vault import errors as vault_errors
from cctv.vault import past

# A recording is to be found this long after its end; beyond that the page says that a source lags.
LAG_LIMIT = timedelta(seconds=15)
# Beat sweeps each ten seconds; silence for this long means that no worker runs.
SWEEP_LIMIT = timedelta(minutes=2)
SHOWN = 50
Allowed = Collection[UUID] | None


@dataclass(frozen=True, slots=True)
class SourceState:
    """A source and how it is doing."""

    source: Source

    @property
    def state(self) -> str:
        """`bad` (an error), `silent` (no sweep lately), `waiting` (nothing has come yet), `late` or `ok`."""
        source = self.source
        if source.last_error_code:
            return "bad"
        if source.last_swept_at is None or clock.now() - source.last_swept_at > SWEEP_LIMIT:
            return "silent"
        if source.last_segment_at is None:
            return "waiting"
        return "late" if self.is_late else "ok"

    @property
    def problem_title(self) -> str:
        """What is wrong, with the source's name."""
        return f"{self.source.name}: {problem_of(self.source.last_error_code, self.source.last_error)[0]}"

    @property
    def problem_text(self) -> str:
        """What to do about it."""
        return problem_of(self.source.last_error_code, self.source.last_error)[1]

    @property
    def is_late(self) -> bool:
        """Whether the newest recording came later than it should have."""
        lag_ms = self.source.last_lag_ms
        return lag_ms is not None and lag_ms > LAG_LIMIT / timedelta(milliseconds=1)

    @property
    def lag_s(self) -> float | None:
        """Seconds from the end of the newest recording to its being found."""
        return None if self.source.last_lag_ms is None else self.source.last_lag_ms / 1000


def problem_of(code: str, stored: str) -> tuple[str, str]:
    """What an error's code means and what to do, in the reader's language; else what was `stored`."""
    for error in _known_errors():
        if error.code == code:
            return str(error.message), str(error.hint)
    return stored, str(_("Look into the log of the server, and try again."))


def _known_errors() -> list[type[LetheError]]:
    """Every kind of error that a sweep may have met."""
    return [
        kind
        for module in (ingest_errors, vault_errors)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, LetheError)
    ]


def sources(*, sites: Allowed) -> list[SourceState]:
    """The sources in use at these sites (None: all), by name."""
    rows = _within(Source.objects.filter(retired_at=None), sites).select_related("site", "camera")
    return [SourceState(row) for row in rows]


def recorders(*, sites: Allowed) -> QuerySet[Recorder]:
    """The recorders of these sites, those in use first."""
    rows = _within(Recorder.objects.all(), sites)
    return rows.select_related("site").prefetch_related("cameras").order_by("revoked_at", "name")


@dataclass(frozen=True, slots=True)
class QuarantinedItem:
    """Something in quarantine, with its reason in the reader's language."""

    row: Quarantined

    @property
    def title(self) -> Any:
        """What happened."""
        return reasons.title_of(self.row.reason_code)

    @property
    def hint(self) -> Any:
        """What to do."""
        return reasons.hint_of(self.row.reason_code)

    @property
    def detail(self) -> str:
        """What exactly is wrong, on the clocks of the site; "" for what is told as it was stored."""
        told = reasons.detail_of(self.row.reason_code, self.row.reason)
        zone = self.row.site.time_zone
        shown = [_times.absolute(_times.localise(moment, zone), "datetime") for moment in told.moments]
        return str(told.sentence) % dict(zip(("from", "to"), shown, strict=False))


def quarantined(
    *, sites: Allowed, before: datetime | None = None
) -> tuple[list[QuarantinedItem], datetime | None]:
    """What is in quarantine and has not expired, newest first, and where the next page begins."""
    rows = _within(Quarantined.objects.filter(expires_at__gt=past.reached()), sites)
    if before is not None:
        rows = rows.filter(received_at__lt=before)
    found = list(rows.select_related("site", "camera", "source").order_by("-received_at")[: SHOWN + 1])
    more = found[SHOWN - 1].received_at if len(found) > SHOWN else None
    return [QuarantinedItem(row) for row in found[:SHOWN]], more


def count_quarantined(*, sites: Allowed) -> int:
    """How much is in quarantine and has not expired."""
    return _within(Quarantined.objects.filter(expires_at__gt=past.reached()), sites).count()


def sites_of(allowed: Allowed) -> QuerySet[Site]:
    """The sites in use among the allowed ones."""
    rows = Site.objects.filter(retired_at=None).order_by("name")
    return rows if allowed is None else rows.filter(pk__in=allowed)


def cameras_of(allowed: Allowed) -> QuerySet[Camera]:
    """The cameras in use at the allowed sites."""
    return (
        _within(Camera.objects.filter(retired_at=None), allowed)
        .select_related("site")
        .order_by("site__name", "name")
    )


@dataclass(frozen=True, slots=True)
class Preview:
    """What one file of a folder would become."""

    name: str
    camera: Camera | None
    starts: tuple[datetime, ...]
    problem: Any


def preview(source: Source, *, most: int = 8) -> list[Preview]:
    """What some recordings of the source's folder would become; OSError if it cannot be read.

    For a source that `sources.check_source` has let pass; looks no further than `most` recordings.
    """
    reader = PathReader(source)
    files = stroll(Path(source.folder), stop=places.stops(source))
    found = []
    for file in sorted(islice((file for file in files if is_video(file.name)), most), key=lambda f: f.name):
        incoming = reader.incoming(file.name, modified_at=None, origin="")
        problem = incoming.reason.title if incoming.reason else ""
        found.append(Preview(file.name, incoming.camera, incoming.starts, problem))
    return found


Rows = TypeVar("Rows", bound=Model)


def _within(rows: "QuerySet[Rows]", sites: Allowed) -> "QuerySet[Rows]":
    return rows if sites is None else rows.filter(site_id__in=sites)
