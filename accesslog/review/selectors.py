"""What the pages of the review show: months by state, the items of one, and who waits for whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from accesslog import conf, presenting, registry, selectors, sentences
from accesslog.errors import EventRefused
from accesslog.models import Flag, Review, ReviewItem
from accesslog.review import judging, services
from accesslog.review.months import back_to, bounds, first_day, month_of
from accesslog.review.roles import NO_SITE, Reviewer, ReviewSite
from accesslog.types import from_us

MONTHS_SHOWN = 6
_CHUNK = 500
NOT_BEGUN, BEGUN, SIGNED, RUNNING = "not_begun", "begun", "signed", "running"


@dataclass(frozen=True, slots=True)
class Month:
    """A site's month in a list. `mine`: how many of its open entries the reader may decide on."""

    site: ReviewSite
    month: str
    state: str
    due: date
    overdue: bool = False
    items: int = 0
    decided: int = 0
    mine: int = 0
    flags: int = 0
    signed_at: datetime | None = None
    signed_by: str = ""
    may_sign: bool = False

    @property
    def first_day(self) -> date:
        return first_day(self.month)

    @property
    def path(self) -> str:
        """The site as an address names it."""
        return self.site.id or NO_SITE

    @property
    def ready(self) -> bool:
        """Whether only the signature is missing."""
        return self.state == BEGUN and self.decided == self.items


@dataclass(frozen=True, slots=True)
class Item:
    """An entry to look at, opened."""

    row: ReviewItem
    line: presenting.Line
    plain: str  # the sentence as text
    facts: Sequence[tuple[str, str]]  # (label, value) of what the sentence leaves out
    whys: Sequence[tuple[str, str]]  # (name of the rule, why it fired)
    capacity: str  # as what the reader decides on it: OFFICER, AUDITOR or ""
    decided_by: str = ""
    decided_at: datetime | None = None
    comment: str | None = ""  # None: its key is gone
    own: bool = False
    for_auditor: bool = False


def known_sites(reviewer: Reviewer) -> list[ReviewSite]:
    """The sites that the person reviews, by name; what belongs to none comes last."""
    found = [site for site in conf.review_sites() if reviewer.knows(site.id)]
    return sorted(found, key=lambda site: (not site.id, site.name))


def site_by(reviewer: Reviewer, path: str) -> ReviewSite | None:
    """The site that an address names, if the person reviews it."""
    wanted = "" if path == NO_SITE else path
    return next((site for site in known_sites(reviewer) if site.id == wanted), None)


def find(site: ReviewSite, month: str) -> Review | None:
    """The site's review of the month, if it was begun."""
    with selectors.reading():
        return Review.objects.filter(pk=services.review_id(site.id, month)).first()


def overview(
    reviewer: Reviewer, *, most: int = MONTHS_SHOWN, details: bool = True, personal: bool = False
) -> list[tuple[ReviewSite, list[Month]]]:
    """Each site with its months, the running one first; at most `most` months back.

    `details`: how much is marked. `personal`: who signed too.
    """
    sites = known_sites(reviewer)
    with selectors.reading():
        ids = [site.id for site in sites]
        begun = Review.objects.filter(site__in=ids, month__gte=_oldest(most))
        reviews = {(each.site, each.month): each for each in begun}
        counts = _counts(reviewer, sites, [each for each in reviews.values() if each.signed_us is None])
        flags = _flag_counts(sites, most) if details else {}
    now, found = timezone.now(), []
    for site in sites:
        this = month_of(now, site.zone)
        months = back_to(this, month_of(site.since, site.zone), most + 1) or [this]
        found.append(
            (
                site,
                [
                    _month(reviewer, site, month, now, reviews.get((site.id, month)), counts, flags, personal)
                    for month in months
                ],
            )
        )
    return found


def waiting(reviewer: Reviewer) -> int:
    """How many months wait for this person: not begun or to be signed, or with entries to decide on."""
    return sum(
        waits(month) for _site, months in overview(reviewer, most=2, details=False) for month in months
    )  # fmt: skip


def waits(month: Month) -> bool:
    """Whether the reader has something to do in this month."""
    if month.state == NOT_BEGUN:
        return month.may_sign
    return month.state == BEGUN and bool(month.mine or (month.ready and month.may_sign))


def items_of(review: Review, reviewer: Reviewer, site: ReviewSite, *, only: str) -> QuerySet[ReviewItem]:
    """The review's items in the order of the log: `only` "open", "mine" or "" for all."""
    rows = review.items.order_by("index")
    if only in ("open", "mine"):
        rows = rows.filter(verdict=ReviewItem.OPEN)
    return rows.filter(_decidable(reviewer, site)) if only == "mine" else rows


def shown(rows: Sequence[ReviewItem], *, reviewer: Reviewer, site: ReviewSite, personal: bool) -> list[Item]:
    """Items opened for the page; what cannot be opened says so in place of its sentence."""
    numbers = [row.index for row in rows]
    whys, entries = whys_of(numbers), {each.index: each for each in _opened(numbers)}
    return [
        _item(row, entries[row.index], whys.get(row.index, []), reviewer, site, personal=personal)
        for row in rows
        if row.index in entries
    ]


def whys_of(indexes: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """(name of the rule, why) of the flags on these entries."""
    rules = {rule.code: rule for rule in conf.rules()}
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    with selectors.reading():
        for part in _parts(indexes):
            for flag in Flag.objects.filter(index__in=part).order_by("index", "rule"):
                name = str(rules[flag.rule].name) if flag.rule in rules else flag.rule
                found[flag.index].append((name, judging.why(flag, rules)))
    return found


def fired(sites: Sequence[ReviewSite], *, since: datetime) -> dict[str, int]:
    """How often each rule has fired on entries of these sites since a moment."""
    since_us = int(since.timestamp() * 1_000_000)
    with selectors.reading():
        found = Flag.objects.filter(site__in=[site.id for site in sites], raised_us__gte=since_us)
        return dict(found.values_list("rule").annotate(Count("id")).order_by())


def _opened(indexes: Sequence[int]) -> Iterator[selectors.Listed]:
    for part in _parts(indexes):
        yield from selectors.opened(part)


def _parts(indexes: Sequence[int]) -> Iterator[Sequence[int]]:
    """Some hundreds at a time: a database takes so many in one question."""
    return (indexes[at : at + _CHUNK] for at in range(0, len(indexes), _CHUNK))


def _decidable(reviewer: Reviewer, site: ReviewSite) -> Q:
    """The items on which the person decides: `Reviewer.capacity` as a condition."""
    found = Q(pk__in=[])
    if site.id in reviewer.officer:
        found |= ~Q(actor__in=[*site.officers, reviewer.id])
    if reviewer.audits(site):
        found |= Q(actor__in=site.officers)
    return found


def _oldest(most: int) -> str:
    """A month that is not after the oldest one shown, whatever the zone."""
    return month_of(timezone.now() - timedelta(days=31 * (most + 1)), "UTC")


def _counts(
    reviewer: Reviewer, sites: Sequence[ReviewSite], reviews: Sequence[Review]
) -> Mapping[Any, tuple[int, int, int]]:
    """(items, decided, mine) of each unsigned review."""
    by_id = {site.id: site for site in sites}
    found = {}
    for review in reviews:
        site = by_id[review.site]
        is_open = Q(verdict=ReviewItem.OPEN)
        row = review.items.aggregate(
            items=Count("id"), still=Count("id", filter=is_open),
            mine=Count("id", filter=is_open & _decidable(reviewer, site)),
        )  # fmt: skip
        found[review.pk] = (row["items"], row["items"] - row["still"], row["mine"])
    return found


def _flag_counts(sites: Sequence[ReviewSite], most: int) -> dict[tuple[str, str], int]:
    ids = [site.id for site in sites]
    rows = Flag.objects.filter(site__in=ids, month__gte=_oldest(most)).order_by()
    return {
        (row["site"], row["month"]): row["n"]
        for row in rows.values("site", "month").annotate(n=Count("index", distinct=True))
    }


def _month(
    reviewer: Reviewer, site: ReviewSite, month: str, now: datetime, review: Review | None,
    counts: Mapping[Any, tuple[int, int, int]], flags: Mapping[tuple[str, str], int], personal: bool,
) -> Month:  # fmt: skip
    ends = bounds(month, site.zone)[1]
    due = ends.date() + timedelta(days=conf.review_due_days() - 1)
    late = now.astimezone(ZoneInfo(site.zone)).date() > due
    common: dict[str, Any] = {
        "site": site, "month": month, "due": due, "flags": flags.get((site.id, month), 0),
        "may_sign": site.id in reviewer.officer,
    }  # fmt: skip
    if review is None:
        running = now < ends
        return Month(state=RUNNING if running else NOT_BEGUN, overdue=late and not running, **common)
    if review.signed_us is not None:
        signed_by = said_by(review) if personal else ""
        return Month(state=SIGNED, signed_at=from_us(review.signed_us), signed_by=signed_by, **common)
    items, decided, mine = counts[review.pk]
    return Month(state=BEGUN, overdue=late, items=items, decided=decided, mine=mine, **common)


def said_by(row: Review | ReviewItem) -> str:
    """The name of who signed or decided; their id once what was sealed with it is gone."""
    who = row.signed_by if isinstance(row, Review) else row.decided_by
    return str((services.comment_of(row) or {}).get("name") or who)


def _item(
    row: ReviewItem, entry: selectors.Listed, whys: Sequence[tuple[str, str]], reviewer: Reviewer,
    site: ReviewSite, *, personal: bool,
) -> Item:  # fmt: skip
    zone = ZoneInfo(site.zone)
    line = presenting.line(entry, zone, personal=personal)
    said = services.comment_of(row)
    decided = from_us(row.decided_us).astimezone(zone) if row.decided_us else None
    plain = presenting.problem(entry) if entry.body is None else _plain(entry, personal=personal)
    return Item(
        row, line, plain, _facts(entry, personal=personal), whys, reviewer.capacity(site, row.actor),
        said_by(row) if personal else "", decided,
        None if said is None else str(said.get("comment", "")) if personal else "",
        own=row.actor == reviewer.id, for_auditor=row.actor in site.officers,
    )  # fmt: skip


def _facts(entry: selectors.Listed, *, personal: bool) -> list[tuple[str, str]]:
    """What a reviewer asks next and the sentence may not say: the reason, the case, from where.

    What somebody wrote in their own words may name anybody: it is for readers of personal detail alone.
    """
    body = entry.body or {}
    purpose = body.get("purpose")
    reason = body.get("reason") or (purpose.get("reason") if isinstance(purpose, Mapping) else "")
    given = {"reason": reason if personal else "", "case": body.get("case"), "terminal": body.get("terminal")}
    try:
        event_type = registry.get(entry.kind)
    except EventRefused:
        return []
    return [
        (presenting.label(name), str(value))
        for name, value in given.items()
        if isinstance(value, str) and value and (personal or name not in event_type.personal)
    ]


def _plain(entry: selectors.Listed, *, personal: bool) -> str:
    assert entry.body is not None
    try:
        return sentences.sentence(entry.body, entry.kind, personal=personal)
    except EventRefused:
        return entry.kind
