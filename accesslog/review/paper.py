"""A signed review on paper, by the project's PDF writer (ACCESSLOG_PDF)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _

from accesslog import conf
from accesslog.models import Review, ReviewItem
from accesslog.review import record, selectors, services
from accesslog.review.roles import Reviewer, ReviewSite
from accesslog.sentences import clock
from accesslog.types import from_us

# Rows on paper at most: about a hundred pages, made in two or three seconds.
MOST = 1000
LANGUAGES = {"ko": "한국어", "ja": "日本語", "en": "English"}


def render(review: Review, *, site: ReviewSite, reader: Reviewer, language: str, personal: bool) -> bytes:
    """The PDF of a signed review. Raises ValueError for an unsigned one or without a writer."""
    writer = conf.pdf_writer()
    if writer is None or review.signed_us is None:
        raise ValueError("there is nothing to print")
    with translation.override(language):
        rows = _rows(review, site=site, reader=reader, personal=personal)
        columns = [(_("No."), 0.09), (_("Entry"), 0.36), (_("Why it is here"), 0.3), (_("Verdict"), 0.25)]
        title = _("Review of the access log: %(site)s, %(month)s") % {
            "site": site.name, "month": review.month
        }  # fmt: skip
        return writer(title, _meta(review, site, personal=personal), columns, rows)


def _rows(
    review: Review, *, site: ReviewSite, reader: Reviewer, personal: bool
) -> list[list[str]]:  # fmt: skip
    """A row per entry: its number, what it says, why it was looked at, the verdict."""
    zone, found = ZoneInfo(site.zone), []
    for item in selectors.shown(_printed(review), reviewer=reader, site=site, personal=personal):
        why = [f"{name}: {text}" if text else name for name, text in item.whys]
        if item.row.sampled:
            why.append(_("Drawn by lot."))
        verdict = _("Fine") if item.row.verdict == ReviewItem.FINE else _("Follow up")
        who = ", ".join(filter(None, (item.decided_by, _when(item.row.decided_us, zone))))
        found.append(
            [
                str(item.row.index),
                f"{clock(item.line.at)} · {item.plain}",
                " ".join(why),
                "\n".join(filter(None, (verdict, who, item.comment or ""))),
            ]
        )
    return found


def _printed(review: Review) -> list[ReviewItem]:
    """The items on paper, in the order of the log: of too many, what is to be followed up comes first."""
    rows = review.items.order_by("index")
    found = list(rows.filter(verdict=ReviewItem.FOLLOW_UP)[:MOST])
    found += rows.exclude(verdict=ReviewItem.FOLLOW_UP)[: MOST - len(found)]
    return sorted(found, key=lambda row: row.index)


def _meta(review: Review, site: ReviewSite, *, personal: bool) -> list[tuple[str, str]]:
    zone = ZoneInfo(site.zone)
    counts = services.verdicts_of(review)
    said = services.comment_of(review) or {}
    said_of = {
        record.STANDS: _("The review is the one that was signed."),
        record.ERASED: _("Parts were erased since: the log's own retention of this month has ended."),
    }
    left = _(
        "Only %(count)d of %(items)d entries are printed, first those to be followed up; the signature is of"
        " all."
    )
    persons = [
        (_("Signed by"), selectors.said_by(review)),
        (_("Comment"), str(said.get("comment") or "–")),
    ]  # fmt: skip
    return [
        (_("Site"), site.name),
        (_("Month"), review.month),
        (_("Entries of the month"), f"{review.entries:,}"),
        (_("Looked at"), str(counts["items"])),
        (_("Follow up"), str(counts["follow_up"])),
        *([(_("Not complete"), left % {"count": MOST, **counts})] if counts["items"] > MOST else []),
        (_("Signed at"), _when(review.signed_us, zone)),
        *(persons if personal else []),
        (_("Entry of the signature"), str(review.signed_entry)),
        ("SHA-256", bytes(review.signed_sha256 or b"").hex()),
        (
            _("Check of the signature"),
            said_of.get(record.state(review), _("This is NOT what was signed: something was changed since.")),
        ),
    ]


def _when(time_us: int | None, zone: ZoneInfo) -> str:
    if time_us is None:
        return ""
    moment = from_us(time_us).astimezone(zone)
    return f"{clock(moment)} {format_date(moment, 'T')}"
