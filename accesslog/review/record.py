"""The canonical review: all that is signed, as one JSON text with one hash, and whether it still stands.

Comments are part of it by the hash of their sealed bytes. So it can be checked for as long as the rows
exist, also after a comment's key was destroyed, and the log keeps no second copy of what somebody wrote.
"""

from __future__ import annotations

from collections import defaultdict
from hashlib import sha256
from typing import Any

from accesslog import canonical, proofs, selectors
from accesslog.canonical import JSON
from accesslog.errors import AccessLogError
from accesslog.models import Flag, LogEntry, LogPrune, Review
from accesslog.review import sampling

FORMAT = "accesslog-review-1"
STANDS, CHANGED, OPEN, ERASED = "stands", "changed", "open", "erased"
_CHUNK = 500


def document(
    review: Review, *, signed_by: str, comment_sealed: bytes, flags_until_us: int
) -> dict[str, JSON]:
    """What is signed. `flags_until_us`: flags that were raised later are no part of it."""
    items = list(review.items.order_by("index"))
    indexes = [item.index for item in items]
    leaves, flags = _leaves(indexes), _flags(indexes, flags_until_us)
    root = proofs.root_at(review.end)
    return {
        "format": FORMAT,
        "review": str(review.pk),
        "site": review.site,
        "month": review.month,
        "first": review.first,
        "end": review.end,
        "entries": review.entries,
        "root": root.hex(),
        "seed": sampling.seed_of(
            site=review.site, month=review.month, size=review.end, root=root
        ).hex(),
        "opened": {"by": review.opened_by, "us": review.opened_us},
        "items": [
            {
                "entry": item.index,
                "leaf": leaves.get(item.index, ""),
                "actor": item.actor,
                "sampled": item.sampled,
                "flags": flags.get(item.index, []),
                "verdict": item.verdict,
                "by": item.decided_by,
                "us": item.decided_us,
                "comment": _digest(item.comment_sealed),
            }
            for item in items
        ],
        "comment": _digest(comment_sealed),
        "signed_by": signed_by,
    }  # fmt: skip


def digest(document: dict[str, JSON]) -> bytes:
    """SHA-256 of the canonical text."""
    return sha256(canonical.encode(document)).digest()


def state(review: Review) -> str:
    """OPEN, STANDS, or CHANGED: rows or entries are not those that were signed, or the entry says another.

    ERASED once a prune mark covers entries of the month: then flags and items may rightly be gone with them,
    and nobody can tell any more whether the rest is what was signed.
    """
    if review.signed_us is None or review.signed_entry is None or review.signed_sha256 is None:
        return OPEN
    now = digest(
        document(
            review, signed_by=review.signed_by, comment_sealed=bytes(review.comment_sealed or b""),
            flags_until_us=review.signed_us,
        )
    )  # fmt: skip
    if now != bytes(review.signed_sha256):
        return ERASED if LogPrune.objects.filter(below__gt=review.first).exists() else CHANGED
    said = _said(review.signed_entry)
    return STANDS if said is None or said == now.hex() else CHANGED


def _said(index: int) -> str | None:
    """The hash that the entry in the log names; None where its body was erased with the log's retention."""
    try:
        entry = selectors.listed(selectors.stored_entry(index))
    except AccessLogError:
        return ""
    if entry.body is None:
        return None if entry.problem == "erased" else ""
    return str(entry.body.get("sha256", ""))


def _leaves(indexes: list[int]) -> dict[int, str]:
    found: dict[int, str] = {}
    for at in range(0, len(indexes), _CHUNK):
        rows = LogEntry.objects.filter(index__in=indexes[at : at + _CHUNK])
        found.update((index, bytes(leaf).hex()) for index, leaf in rows.values_list("index", "leaf_hash"))
    return found


def _flags(indexes: list[int], until_us: int) -> dict[int, list[JSON]]:
    found: dict[int, list[JSON]] = defaultdict(list)
    for at in range(0, len(indexes), _CHUNK):
        rows = Flag.objects.filter(index__in=indexes[at : at + _CHUNK], raised_us__lte=until_us)
        for flag in rows.order_by("index", "rule"):
            found[flag.index].append({"rule": flag.rule, "facts": flag.facts})
    return found


def _digest(sealed: Any) -> str:
    return sha256(bytes(sealed)).hexdigest() if sealed else ""
