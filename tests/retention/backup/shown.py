"""Acts of `child` about what people are shown: restrictions, masks, kept stills, bookmarks."""

from datetime import datetime, timedelta
from typing import Any

HOUR = timedelta(hours=1)
MASK = [[[0.1, 0.1], [0.5, 0.1], [0.5, 0.5]]]
LATER_MASK: list[Any] = [
    [[0.2, 0.2], [0.9, 0.2], [0.9, 0.9]],
    {"copies": [[0.7, 0.7], [0.9, 0.7], [0.9, 0.9]]},
]


def mark(command: dict[str, Any]) -> Any:
    """Two stills and three bookmarks of a segment, and a restriction before it, lifted some day."""
    from cctv.footage.marks.models import Bookmark, Still
    from cctv.footage.models import ViewingSession
    from cctv.sites.models import Purpose

    row, officer = _segment(command), _officer()
    span = {"starts_at": row.starts_at, "ends_at": row.ends_at}
    site, camera = row.camera.site, row.camera
    purpose = Purpose.objects.create(organisation=site.organisation, code="safety", name="Safety")
    viewing = ViewingSession.objects.create(
        actor=officer, site=site, purpose=purpose, valid_until=row.ends_at, **span
    )
    for _ in range(2):
        Still.objects.create(
            segment=row, session=viewing, site=site, camera=camera, taken_by=officer, at=row.starts_at,
            width=2, height=2, reason="a theft", entry_index=0, sealed=b"sealed",
        )  # fmt: skip
    for _ in range(3):
        Bookmark.objects.create(site=site, camera=camera, made_by=officer, note="a bag", **span)
    return _restrict(row.camera, row.starts_at - HOUR)


def hide(command: dict[str, Any]) -> Any:
    """What is decided after the backup; twice masks, of which the last ones count. The restriction's id."""
    from uuid import UUID

    from cctv.footage.marks import bookmarks, stills
    from cctv.footage.marks.models import Bookmark, Still
    from cctv.footage.restrictions import services as restrictions

    row, officer = _segment(command), _officer()
    who: dict[str, Any] = {"actor": officer, "terminal": "desk"}
    made = _restrict(row.camera, row.starts_at)
    restrictions.lift(restriction_id=UUID(command["lift"]), reason="decided", **who)
    for masks in (MASK, LATER_MASK):
        draw({"segment": command["segment"], "masks": masks})
    stills.delete(Still.objects.order_by("pk")[0], **who)
    first, second = Bookmark.objects.order_by("pk")[:2]
    bookmarks.remove(first, **who)
    # Taken away and put back: in the end nobody wanted it gone.
    bookmarks.restore(bookmarks.remove(second, **who), **who)
    return made


def draw(command: dict[str, Any]) -> Any:
    """Give the segment's camera these masks, as an administrator does."""
    from cctv.people.models import Account, Role, RoleGrant
    from cctv.sites.masks import services

    camera = _segment(command).camera
    admin, made = Account.objects.get_or_create(
        email="admin@example.org", defaults={"name": "Admin", "employer": "Hub"}
    )
    if made:
        RoleGrant.objects.create(account=admin, role=Role.ADMINISTRATOR, site=None)
    services.set_masks(
        actor=admin, camera=camera, masks=services.read(command["masks"]), seen=services.stamp(camera),
        reason="the yard is ours", accepts_uncovering=True,
    )  # fmt: skip


def restrict(command: dict[str, Any]) -> Any:
    """Restrict the whole segment; the restriction's id."""
    row = _segment(command)
    return _restrict(row.camera, row.starts_at)


def shown(command: dict[str, Any]) -> Any:
    """What the register says of all that, and whether the restricted footage is free."""
    from cctv.footage.marks.models import Bookmark, Still
    from cctv.footage.restrictions.models import Restriction
    from cctv.footage.restrictions.services import is_free
    from cctv.sites.models import Camera

    row = _segment(command)
    return {
        "free": is_free(row.camera, row.starts_at, row.ends_at),
        "restrictions": {
            str(each.pk): [
                bool(each.lifted_at), each.ground, each.starts_at.isoformat(), each.ends_at.isoformat(),
                each.placed_by.email, sorted(each.cameras.values_list("code", flat=True)),
            ]
            for each in Restriction.objects.all()
        },
        "masks": dict(Camera.objects.values_list("code", "privacy_masks")),
        "stills": sorted(str(pk) for pk in Still.objects.values_list("pk", flat=True)),
        "bookmarks": sorted(str(pk) for pk in Bookmark.objects.values_list("pk", flat=True)),
    }  # fmt: skip


def _segment(command: dict[str, Any]) -> Any:
    from cctv.footage.models import Segment

    return Segment.objects.select_related("camera__site").get(pk=command["segment"])


def _officer() -> Any:
    from cctv.people.models import Account

    return Account.objects.get(email="officer@example.org")


def _restrict(camera: Any, start: datetime) -> str:
    from cctv.footage.restrictions import services

    made = services.place(
        actor=_officer(), terminal="desk", site=camera.site, cameras=[camera], ground="objection",
        reason="a person objects", starts_at=start, ends_at=start + HOUR,
    )  # fmt: skip
    return str(made.pk)


ACTS = {act.__name__: act for act in (mark, hide, draw, restrict, shown)}
