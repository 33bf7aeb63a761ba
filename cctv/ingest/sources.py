"""Adding, changing and retiring watched folders; each act has its entry before its row."""

import os
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.core.ids import new_id
from cctv.ingest import marker, places
from cctv.ingest.errors import FolderUnreadable
from cctv.ingest.models import Source, SourceLayout
from cctv.ingest.patterns import BadPattern, compile_pattern
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.people.policy import permissions_of
from cctv.sites.models import Camera, Site
from cctv.vault import services as vault

ACTION = "ingest.change"
FIELDS = (
    "name",
    "layout",
    "folder",
    "camera",
    "camera_names",
    "pattern",
    "time_zone",
    "settle_seconds",
    "skew_tolerance_seconds",
)
FOLDER_LENGTH = 400


class SourceRefused(LetheError):
    """A source that could not work, or would do harm. `field` names what to correct."""

    code = "source_refused"
    status = 422

    def __init__(self, field: str, message: Any) -> None:
        """`message` is the sentence beside the field."""
        self.field = field
        super().__init__(message)


def add_source(*, actor: Account, terminal: str, site: Site, values: dict[str, Any]) -> Source:
    """Register a watched folder and mark it as this source's.

    Raises policy errors (404/403), SourceRefused, FolderUnreadable, ForeignFolder, LogUnavailable.
    """
    permissions_of(actor).require(ACTION, site_id=site.pk)
    source = Source(id=new_id(), site=site, **{name: values[name] for name in FIELDS if name in values})
    _check(source)
    _prepare_folder(Path(source.folder))
    marker.write(Path(source.folder), installation=vault.installation_id(), source_id=source.pk)
    source.marked_at = clock.now()
    _log("source.added", actor, terminal, source)
    source.save(force_insert=True)
    return source


def change_source(*, actor: Account, terminal: str, source: Source, values: dict[str, Any]) -> Source:
    """Change a source, and mark its folder again (it may be another one now)."""
    permissions_of(actor).require(ACTION, site_id=source.site_id)
    before = {name: getattr(source, name) for name in FIELDS}
    for name in FIELDS:
        if name in values:
            setattr(source, name, values[name])
    _check(source)
    changed = [name for name in FIELDS if getattr(source, name) != before[name]]
    _prepare_folder(Path(source.folder))
    marker.write(Path(source.folder), installation=vault.installation_id(), source_id=source.pk)
    source.marked_at = clock.now()
    if changed:
        change = ", ".join(f"{name}: {before[name]} → {getattr(source, name)}" for name in changed)
        _log("source.changed", actor, terminal, source, change=change[:1000])
    with transaction.atomic():
        source.save(update_fields=[*changed, "marked_at"])
    return source


def check_source(*, actor: Account, source: Source) -> None:
    """Everything that adding or changing checks, for a source that is only tried; nothing is written.

    Raises policy errors (404/403), SourceRefused, ForeignFolder.
    """
    permissions_of(actor).require(ACTION, site_id=source.site_id)
    _check(source)


def retire_source(*, actor: Account, terminal: str, source: Source) -> None:
    """Watch the folder no longer; what lies in it stays. Footage taken from it keeps its expiry."""
    permissions_of(actor).require(ACTION, site_id=source.site_id)
    if source.retired_at is not None:
        return
    _log("source.retired", actor, terminal, source)
    Source.objects.filter(pk=source.pk, retired_at=None).update(
        retired_at=clock.now(), folder=f"{source.folder}#{source.pk}"[-400:]
    )
    marker.remove(Path(source.folder), installation=vault.installation_id(), source_id=source.pk)


def _check(source: Source) -> None:
    """Raise SourceRefused for the first value that could not work."""
    if source.layout not in SourceLayout.values:
        raise SourceRefused("layout", _("Choose one of the layouts."))
    if source.time_zone not in available_timezones():
        raise SourceRefused("time_zone", _("This is not the name of a time zone. Asia/Seoul is one."))
    ZoneInfo(source.time_zone)
    if source.camera is not None and source.camera.site_id != source.site_id:
        raise SourceRefused("camera", _("This camera belongs to another site."))
    if source.pattern:
        try:
            pattern = compile_pattern(source.pattern)
        except BadPattern as error:
            raise SourceRefused("pattern", str(error)) from None
        if source.camera is None and not pattern.names_camera:
            raise SourceRefused(
                "pattern", _("The pattern names no camera: add {camera}, or choose one camera.")
            )
    _check_names(source)
    _check_folder(source)


def _check_names(source: Source) -> None:
    """The recorder's names lead to cameras of the same site."""
    codes = set(source.camera_names.values())
    known = set(Camera.objects.filter(site_id=source.site_id, code__in=codes).values_list("code", flat=True))
    if unknown := sorted(codes - known):
        text = _("The site has no camera of the code %(code)s.") % {"code": unknown[0]}
        raise SourceRefused("camera_names", text)


def _check_folder(source: Source) -> None:
    """Below a source root, not within Lethe's own folders, and not within or around another source's.

    Leaves the folder's real path in the source: what was judged is what is swept.
    """
    if not os.path.isabs(source.folder):
        raise SourceRefused("folder", _("Give the whole path of the folder, from the root on."))
    folder = places.real(source.folder)
    if places.of_system(Path(os.path.normpath(source.folder))) or places.of_system(folder):
        raise SourceRefused("folder", _("Folders of the system (/proc, /sys, /dev) hold no recordings."))
    if places.is_lethes_own(folder):
        raise SourceRefused(
            "folder", _("This folder holds other things of Lethe's. Choose one for recordings alone.")
        )
    if not places.is_below_roots(folder) or len(str(folder)) > FOLDER_LENGTH:
        text = _(
            "Recordings are taken only from folders below %(roots)s. To use this one, the administrator of"
            " the machine names it in the setting LETHE_SOURCE_ROOTS and starts Lethe anew."
        )
        raise SourceRefused("folder", text % {"roots": ", ".join(str(root) for root in places.roots())})
    other = places.overlapping(source, folder)
    if other is not None and other.site_id == source.site_id:
        overlap = _("The folder overlaps with that of the source %(name)s.") % {"name": other.name}
        raise SourceRefused("folder", overlap)
    if other is not None:
        raise SourceRefused("folder", _("The folder overlaps with that of another source."))
    places.refuse_marked(folder, source_id=source.pk)
    source.folder = str(folder)


def _prepare_folder(folder: Path) -> None:
    """Make the folder if it is to lie in the drop root; elsewhere it must be there (it may be a mount)."""
    try:
        if places.real(settings.LETHE_DROP_ROOT) in folder.parents:
            folder.mkdir(parents=True, exist_ok=True)
        found = folder.is_dir()
    except OSError as error:
        raise FolderUnreadable from error
    if not found:
        raise SourceRefused("folder", _("There is no such folder. Make or mount it first."))


def _log(kind: str, actor: Account, terminal: str, source: Source, **more: Any) -> None:
    append(
        kind=kind,
        body={
            "actor": actor_fields(actor, ACTION, site_id=source.site_id),
            "terminal": terminal,
            "site": source.site.logged(),
            "source": {"id": str(source.pk), "name": source.name, "folder": source.folder},
            **more,
        },
        index=[IndexFields(actor=str(actor.pk), site=str(source.site_id), terminal=terminal)],
    )
