"""What people were no longer to be shown: restrictions, masks, deleted stills, removed bookmarks.

What only has a last word (masks, stills, bookmarks) is applied once the whole journal is read, so that a
register in use never passes through a state that is over. Footage that came out from under a restriction is
shown again only because the journal says so.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from cctv.core import clock
from cctv.footage.marks.models import Bookmark, Still
from cctv.footage.restrictions.models import Restriction
from cctv.retention.backup.replay_holds import account_of
from cctv.sites.models import Camera, Site
from cctv.vault.journalfile import Line

# As in the names of accounts that are lost: kept in the register, in one language.
LOST = "(lost in a restore)"
BATCH = 500


def restricted(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """A restriction that the register does not know, under its id. Its words were nowhere but there.

    Its entry went with the tail of the log that was lost; it names none rather than a wrong one.
    """
    if Restriction.objects.filter(pk=facts["id"]).exists():
        return
    if not Site.objects.filter(pk=facts["site"]).exists():
        counts["restrictions_without_site"] += 1
        return
    row = Restriction.objects.create(
        pk=facts["id"], site_id=facts["site"], ground=facts["ground"], reason=LOST,
        starts_at=clock.parse_rfc3339(facts["from"]), ends_at=clock.parse_rfc3339(facts["to"]),
        placed_by_id=account_of(facts["placed_by"]), placed_at=clock.parse_rfc3339(facts["placed_at"]),
    )  # fmt: skip
    row.cameras.set(Camera.objects.filter(pk__in=facts["cameras"]))
    counts["restrictions"] += 1


def lifted(facts: Mapping[str, Any], counts: "Counter[str]") -> None:
    """A restriction that the register thinks in force although it has been lifted."""
    row = Restriction.objects.filter(pk=facts["id"], lifted_at=None).first()
    if row is not None:
        row.lifted_at, row.lift_reason = clock.parse_rfc3339(facts["at"]), LOST
        row.lifted_by_id = account_of(facts["lifted_by"])
        row.save()
        counts["restrictions_lifted"] += 1


@dataclass
class LastWord:
    """How it stands at the end of the journal, by camera, still and bookmark."""

    masks: dict[str, Any] = field(default_factory=dict)
    stills: list[str] = field(default_factory=list)
    bookmarks: dict[str, bool] = field(default_factory=dict)  # whether it is removed

    @classmethod
    def of(cls, lines: Iterable[Line]) -> "LastWord":
        """Read it; other kinds are passed over."""
        last = cls()
        for line in lines:
            if line.kind == "masks":
                last.masks[line.facts["camera"]] = line.facts["polygons"]
            elif line.kind == "still_deleted":
                last.stills.append(line.facts["still"])
            elif line.kind in ("bookmark_removed", "bookmark_put_back"):
                last.bookmarks[line.facts["bookmark"]] = line.kind == "bookmark_removed"
        return last

    def apply(self, counts: "Counter[str]") -> None:
        """Make the register say the same; it may have been told before."""
        with transaction.atomic():
            for pk, polygons in self.masks.items():
                camera = Camera.objects.select_for_update(of=("self",)).filter(pk=pk).first()
                if camera is not None and camera.privacy_masks != polygons:
                    camera.privacy_masks = polygons
                    camera.save(update_fields=["privacy_masks"])
                    counts["masks"] += 1
        counts["stills_deleted"] += _delete(Still, self.stills)
        removed = [pk for pk, is_removed in self.bookmarks.items() if is_removed]
        counts["bookmarks_removed"] += _delete(Bookmark, removed)


def _delete(model: Any, ids: list[str]) -> int:
    return sum(
        model._default_manager.filter(pk__in=ids[start : start + BATCH]).delete()[0]
        for start in range(0, len(ids), BATCH)
    )
