"""The canonical review: all that is signed, as one JSON text with one hash, and whether it still stands.

Comments are part of it by the hash of their sealed bytes. So it can be checked for as long as the rows
exist, also after a comment's key was destroyed, and nothing of what somebody wrote can be guessed from it.
What they wrote stands in the log too, in the entry of the verdict or signature, sealed like every body.

A month may have a hundred thousand items: the text is hashed as it is read, by some thousands of rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from typing import Any

from accesslog import canonical, proofs, selectors
from accesslog.canonical import JSON
from accesslog.errors import AccessLogError
from accesslog.models import Flag, LogEntry, LogPrune, Review
from accesslog.review import sampling

FORMAT = "accesslog-review-1"
STANDS, CHANGED, OPEN, ERASED = "stands", "changed", "open", "erased"
_CHUNK = 2000
_ROW = ("index", "actor", "sampled", "verdict", "decided_by", "decided_us", "comment_sealed")


def digest(review: Review, *, signed_by: str, comment_sealed: bytes, flags_until_us: int) -> bytes:
    """SHA-256 of the canonical text. `flags_until_us`: flags that were raised later are no part of it."""
    root = proofs.root_at(review.end)
    head: dict[str, JSON] = {
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
        "items": [],
        "comment": _digest(comment_sealed),
        "signed_by": signed_by,
    }  # fmt: skip
    # No text can hold these characters: its own quotes would have a backslash before them.
    before, _items_of, after = canonical.encode(head).partition(b'"items":[]')
    text = sha256(before + b'"items":[')
    for number, rows in enumerate(_rows(review)):
        listed = canonical.encode(_chunk(rows, flags_until_us))
        text.update((b"," if number else b"") + listed[1:-1])
    text.update(b"]" + after)
    return text.digest()


def fingerprint(review: Review) -> str:
    """What tells one state of the verdicts from another, in hexadecimal digits: for whoever is to sign."""
    text = sha256()
    for rows in _rows(review):
        for index, _actor, _sampled, verdict, by, decided_us, _sealed in rows:
            text.update(f"{index} {verdict} {by} {decided_us}\n".encode())
    return text.hexdigest()


def _rows(review: Review) -> Iterator[Sequence[tuple[Any, ...]]]:
    """The review's items in the order of the log, by some thousands."""
    after = -1
    while rows := list(
        review.items.filter(index__gt=after).order_by("index").values_list(*_ROW)[:_CHUNK]
    ):  # fmt: skip
        yield rows
        after = rows[-1][0]


def _chunk(rows: Sequence[tuple[Any, ...]], flags_until_us: int) -> list[JSON]:
    """These items as they stand in the text."""
    indexes = [row[0] for row in rows]
    leaves, flags = _leaves(indexes), _flags(indexes, flags_until_us)
    return [
        {
            "entry": index,
            "leaf": leaves.get(index, ""),
            "actor": actor,
            "sampled": sampled,
            "flags": flags.get(index, []),
            "verdict": verdict,
            "by": by,
            "us": decided_us,
            "comment": _digest(sealed),
        }
        for index, actor, sampled, verdict, by, decided_us, sealed in rows
    ]


def state(review: Review) -> str:
    """OPEN, STANDS, or CHANGED: rows or entries are not those that were signed, or the entry says another.

    ERASED once a prune mark covers entries of the month: then flags and items may rightly be gone with them,
    and nobody can tell any more whether the rest is what was signed.
    """
    if review.signed_us is None or review.signed_entry is None or review.signed_sha256 is None:
        return OPEN
    now = digest(
        review, signed_by=review.signed_by, comment_sealed=bytes(review.comment_sealed or b""),
        flags_until_us=review.signed_us,
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
    rows = LogEntry.objects.filter(index__in=indexes)
    return {index: bytes(leaf).hex() for index, leaf in rows.values_list("index", "leaf_hash")}


def _flags(indexes: list[int], until_us: int) -> dict[int, list[JSON]]:
    found: dict[int, list[JSON]] = defaultdict(list)
    rows = Flag.objects.filter(index__in=indexes, raised_us__lte=until_us).order_by("index", "rule")
    for index, rule, facts in rows.values_list("index", "rule", "facts"):
        found[index].append({"rule": rule, "facts": facts})
    return found


def _digest(sealed: Any) -> str:
    return sha256(bytes(sealed)).hexdigest() if sealed else ""
