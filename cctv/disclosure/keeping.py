"""The sealed objects of cases and packages, for those below who look after the store
(LETHE_OBJECT_KEEPERS)."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from cctv.disclosure.cases.models import Letter
from cctv.disclosure.exports.models import PackageFile

_KEPT: tuple[tuple[Any, str, dict[str, Any]], ...] = (
    (PackageFile, "export__site_id", {"done_at__isnull": False}),
    (Letter, "case__site_id", {}),
)


def known(names: Sequence[str]) -> set[str]:
    """Which of these objects are a letter's or a package's, also while it is being made."""
    found: set[str] = set()
    for model, _site, _there in _KEPT:
        rows = model._default_manager.filter(sealed_name__in=names)
        found |= set(rows.values_list("sealed_name", flat=True))
    return found


def names(beginning: str = "") -> Iterator[tuple[str, UUID]]:
    """Names of the objects that have to be in the store, with their sites."""
    for model, site, there in _KEPT:
        rows = model._default_manager.filter(sealed_name__startswith=beginning, **there).exclude(
            sealed_name=""
        )
        yield from rows.order_by("pk").values_list("sealed_name", site).iterator(chunk_size=2000)
