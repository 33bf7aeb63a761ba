"""The sealed pictures, for those below who look after the store (LETHE_OBJECT_KEEPERS); and restores."""

from collections.abc import Iterator, Sequence
from uuid import UUID

from cctv.subjects.identity import destroying
from cctv.subjects.identity.models import CheckState, IdentityCheck, IdentityPaper
from cctv.vault import rings

RESTORED = "restored"


def known(names: Sequence[str]) -> set[str]:
    """Which of these objects are pictures that a row has."""
    found = IdentityPaper.objects.filter(sealed_name__in=names)
    return set(found.values_list("sealed_name", flat=True))


def names(beginning: str = "") -> Iterator[tuple[str, UUID]]:
    """Names of the objects that have to be in the store, with their sites: those that wait for a verdict."""
    found = IdentityPaper.objects.filter(
        sealed_name__startswith=beginning, check_row__state__in=destroying.OPEN
    )
    rows = found.order_by("pk").values_list("sealed_name", "check_row__request__site_id")
    yield from rows.iterator(chunk_size=2000)


def after_restore(counts: "dict[str, int]") -> None:
    """Checks of an older register whose key was destroyed since: nothing of them opens, so they are over."""
    living = rings.records().key_ids()
    open_ones = IdentityCheck.objects.filter(state__in=destroying.OPEN).exclude(key_id="")
    gone = [pk for pk, key_id in open_ones.values_list("pk", "key_id") if key_id not in living]
    IdentityPaper.objects.filter(check_row__in=gone).delete()
    # Nor does a secret come into force that waited in them.
    counts["identity_checks_ended"] = IdentityCheck.objects.filter(pk__in=gone).update(
        state=CheckState.EXPIRED, reason=RESTORED, key_id="", code_salt=b"", code_hash=b"", code_until=None
    )
