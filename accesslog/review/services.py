"""Beginning, deciding and signing a review. Each is an entry of the log before it is a row.

Rows follow their entries: a review's id follows from site and month, a signature's event id from what is
signed. Whether an act is refused is looked at in the review's turn, before its entry is made: no entry tells
of what was refused. A kill in between leaves an entry too many, never a signed row without one.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from typing import Any
from uuid import NAMESPACE_OID, UUID, uuid5

from django.db import transaction
from django.db.models import Count, Exists, OuterRef, Q
from django.utils import timezone

from accesslog import conf, proofs, records, selectors, services
from accesslog.errors import KeyGone
from accesslog.models import Flag, LogEntry, LogIndex, Review, ReviewItem
from accesslog.review import judging, record, sampling, turns
from accesslog.review.errors import (
    AlreadySigned,
    CommentMissing,
    MonthNotOver,
    NotYours,
    ReviewMoved,
    RulesNotDone,
    StillOpen,
)
from accesslog.review.events import DECIDED, EXPORTED, OPENED, SIGNED
from accesslog.review.months import bounds
from accesslog.review.roles import Reviewer, ReviewSite
from accesslog.types import IndexFields, to_us

SALT_BYTES = 32
WAIT_S = 5.0  # whoever begins a review waits for the rules at most as long
VERDICTS = (ReviewItem.FINE, ReviewItem.FOLLOW_UP)
_CHUNK = 500

Actor = tuple[Mapping[str, Any], IndexFields]
"""What ACCESSLOG_ACTOR gives for a request: part of a body, and who and where for the search rows."""


def review_id(site: str, month: str) -> UUID:
    """The id of a site's month."""
    return uuid5(NAMESPACE_OID, f"accesslog/review/{site}/{month}")


def open_review(*, reviewer: Reviewer, actor: Actor, site: ReviewSite, month: str) -> Review:
    """Begin the review of a month that is over; the one that exists if somebody has begun it.

    Raises NotYours, MonthNotOver, RulesNotDone, LogUnavailable; ValueError for what is no month.
    """
    if not reviewer.knows(site.id):
        raise NotYours()
    found = Review.objects.filter(pk=review_id(site.id, month)).first()
    if found is not None:
        return found
    first, end = span(site, month)
    if timezone.now() < bounds(month, site.zone)[1]:
        raise MonthNotOver()
    if conf.rules() and judging.judge(until=end, budget_s=WAIT_S).mark < end:
        raise RulesNotDone()
    review = Review(
        pk=review_id(site.id, month), site=site.id, month=month, first=first, end=end,
        entries=count_entries(site.id, first, end), opened_by=reviewer.id,
    )  # fmt: skip
    root = proofs.root_at(end)
    flagged = set(flags_of(site.id, first, end).values_list("index", flat=True))
    sampled = set(_sample(site.id, month, first, end, root))
    body = {
        **_about(review, site, actor), "first": first, "end": end, "entries": review.entries,
        "items": len(flagged | sampled), "flagged": len(flagged), "sampled": len(sampled), "root": root.hex(),
    }  # fmt: skip
    receipt = services.append(
        kind=OPENED,
        body=body,
        index=[_row(actor, site)],
        event_id=uuid5(NAMESPACE_OID, f"{review.pk}/opened"),
    )
    review.opened_us = receipt.time_us
    with transaction.atomic(using=conf.database()):
        if Review.objects.filter(pk=review.pk).exists():
            return Review.objects.get(pk=review.pk)
        review.save(force_insert=True)
        ReviewItem.objects.bulk_create(_items(review, flagged, sampled), batch_size=_CHUNK)
    return review


def decide(
    *, reviewer: Reviewer, actor: Actor, site: ReviewSite, item: ReviewItem, verdict: str, comment: str = ""
) -> ReviewItem:
    """Say of an entry that it is fine or to be followed up; until the signature it may be said anew.

    Raises NotYours, AlreadySigned, CommentMissing; ValueError for another verdict.
    """
    if verdict not in VERDICTS:
        raise ValueError(f"expected one of {VERDICTS}, got {verdict!r}")
    capacity = reviewer.capacity(site, item.actor)
    if not capacity:
        raise NotYours()
    if item.review.signed_us is not None:
        raise AlreadySigned()
    comment = comment.strip()
    if verdict == ReviewItem.FOLLOW_UP and not comment:
        raise CommentMissing()
    body = {
        **_about(item.review, site, actor), "entry": item.index, "verdict": verdict, "capacity": capacity,
        **({"comment": comment} if comment else {}),
    }  # fmt: skip
    with turns.turn(item.review_id):
        if Review.objects.get(pk=item.review_id).signed_us is not None:
            raise AlreadySigned()
        receipt = services.append(kind=DECIDED, body=body, index=[_row(actor, site)])
        key_id, sealed = _sealed(
            {"comment": comment, "capacity": capacity, "entry": receipt.index, "name": _name(actor)}
        )
        ReviewItem.objects.filter(pk=item.pk).update(
            verdict=verdict, decided_by=reviewer.id, decided_us=receipt.time_us, comment_key_id=key_id,
            comment_sealed=sealed,
        )  # fmt: skip
    item.refresh_from_db()
    return item


def sign(
    *, reviewer: Reviewer, actor: Actor, site: ReviewSite, review: Review, comment: str = "",
    shown: str | None = None,
) -> Review:  # fmt: skip
    """Sign a review in which everything is decided; the entry is durable before the row is marked.

    The caller asks for the password first. `shown`: the fingerprint (`record.fingerprint`) of the verdicts
    that the signer was shown, None for whoever looks at the rows themselves. `signed_us` is the moment whose
    state is signed, just before the entry's own. Raises NotYours, AlreadySigned, StillOpen, ReviewMoved,
    ReviewBusy.
    """
    if site.id not in reviewer.officer:
        raise NotYours()
    comment = comment.strip()
    with turns.turn(review.pk):
        fresh = Review.objects.get(pk=review.pk)
        _refuse_signing(fresh, reviewer, site, shown)
        key_id, sealed = _sealed({"comment": comment, "name": _name(actor)})
        until_us = to_us(timezone.now())
        digest = _digest(fresh, reviewer, sealed, until_us)
        body = {
            **_about(fresh, site, actor), "entries": fresh.entries, **verdicts_of(fresh),
            "sha256": digest.hex(), **({"comment": comment} if comment else {}),
        }  # fmt: skip
        body.pop("left")
        receipt = services.append(
            kind=SIGNED, body=body, index=[_row(actor, site)],
            event_id=uuid5(NAMESPACE_OID, f"{fresh.pk}/signed/{digest.hex()}"),
        )  # fmt: skip
        fresh.signed_by, fresh.signed_us = reviewer.id, until_us
        fresh.signed_entry, fresh.signed_sha256 = receipt.index, digest
        fresh.comment_key_id, fresh.comment_sealed = key_id, sealed
        fresh.save()
    return fresh


def take_out(*, review: Review, actor: Actor, site: ReviewSite, language: str) -> None:
    """Log that a signed review leaves as a file; call it before the first byte does."""
    body = {**_about(review, site, actor), "items": review.items.count(), "language": language}
    services.append(kind=EXPORTED, body=body, index=[_row(actor, site)])


def verdicts_of(review: Review) -> dict[str, int]:
    """How many items the review has: {"items", "fine", "follow_up", "left"}; `left` are undecided."""
    counts: dict[str, int] = review.items.aggregate(
        items=Count("id"),
        **{name: Count("id", filter=Q(verdict=name)) for name in VERDICTS},
        left=Count("id", filter=Q(verdict=ReviewItem.OPEN)),
    )
    return counts


def _refuse_signing(review: Review, reviewer: Reviewer, site: ReviewSite, shown: str | None) -> None:
    """Raise what speaks against signing the review as it is now."""
    if review.signed_us is not None:
        raise AlreadySigned()
    if shown is not None and shown != record.fingerprint(review):
        raise ReviewMoved()
    own = Q(actor=reviewer.id, decided_by__in=site.officers | {reviewer.id})
    if review.items.filter(Q(verdict=ReviewItem.OPEN) | own).exists():
        raise StillOpen()


def span(site: ReviewSite, month: str) -> tuple[int, int]:
    """The entries of the month by the site's clocks: [first, end)."""
    starts, ends = bounds(month, site.zone)
    with selectors.reading():
        return selectors.first_index_at(to_us(starts)), selectors.first_index_at(to_us(ends))


def count_entries(site: str, first: int, end: int) -> int:
    """How many entries are about the site."""
    with selectors.reading():
        return int(rows_of(site, first, end).values("index").distinct().count())


def rows_of(site: str, first: int, end: int) -> Any:
    """The search rows about the site; without one, those of entries that belong to none."""
    rows = LogIndex.objects.filter(index__gte=first, index__lt=end)
    return rows.filter(site=site) if site else rows.filter(site__isnull=True)


def reviewed_rows(site: str, first: int, end: int) -> Any:
    """Of these, the rows of the kinds that are sampled and charted."""
    same_kind = LogEntry.objects.filter(index=OuterRef("index"), kind__in=conf.reviewed_kinds())
    return rows_of(site, first, end).filter(Exists(same_kind))


def flags_of(site: str, first: int, end: int) -> Any:
    """The flags on the site's entries."""
    return Flag.objects.filter(site=site, index__gte=first, index__lt=end)


def comment_of(row: Review | ReviewItem) -> dict[str, Any] | None:
    """What was said with a verdict or a signature: {"comment", "name", …}; None once its key is gone."""
    if not row.comment_sealed:
        return {}
    try:
        opened = conf.sealer().open(row.comment_key_id, bytes(row.comment_sealed))
    except KeyGone:
        return None
    except ValueError:
        return None
    said: dict[str, Any] = json.loads(opened[SALT_BYTES:])
    return said


def _sample(site: str, month: str, first: int, end: int, root: bytes) -> list[int]:
    with selectors.reading():
        candidates = reviewed_rows(site, first, end).values_list("index", flat=True).distinct()
        count = sampling.size_for(candidates.count())
        seed = sampling.seed_of(site=site, month=month, size=end, root=root)
        return sampling.draw(candidates.order_by("index").iterator(), seed=seed, count=count)


def _items(review: Review, flagged: set[int], sampled: set[int]) -> Iterable[ReviewItem]:
    indexes = sorted(flagged | sampled)
    for at in range(0, len(indexes), _CHUNK):
        part = indexes[at : at + _CHUNK]
        rows = LogIndex.objects.filter(index__in=part, actor__isnull=False)
        actors = dict(rows.order_by("-id").values_list("index", "actor"))
        for index in part:
            yield ReviewItem(
                review=review, index=index, actor=actors.get(index) or "", sampled=index in sampled
            )


def _digest(review: Review, reviewer: Reviewer, sealed: bytes, until_us: int) -> bytes:
    return record.digest(review, signed_by=reviewer.id, comment_sealed=sealed, flags_until_us=until_us)


def _sealed(said: Mapping[str, Any]) -> tuple[str, bytes]:
    """Sealed under this month's key, like bodies; salted, so that no comment can be guessed."""
    month = records.month_of(time.time_ns() // 1000)
    return records.seal(month, os.urandom(SALT_BYTES) + json.dumps(said).encode())


def _name(actor: Actor) -> str:
    who = actor[0].get("actor")
    return str(who.get("name", "")) if isinstance(who, Mapping) else ""


def _about(review: Review, site: ReviewSite, actor: Actor) -> dict[str, Any]:
    named = {"id": site.id, "name": site.name, "zone": site.zone}
    return {**actor[0], "site": named, "month": review.month, "review": str(review.pk)}


def _row(actor: Actor, site: ReviewSite) -> IndexFields:
    return IndexFields(actor=actor[1].actor, terminal=actor[1].terminal, site=site.id)
