"""Who finds what in the rail: one registry of entries, filtered by what the user may do.

An entry is hidden while its page does not exist in this installation or the user may not open it,
so the rail never shows a dead end. `home` is the first entry in the order of the user's work.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accesslog import conf
from accesslog.errors import AccessLogError
from accesslog.review.selectors import waiting
from cctv.disclosure.exports.selectors import count_waiting
from cctv.people.policy import permissions_of
from cctv.subjects.desk.selectors import count_waiting as count_requests


def reviews_waiting(user: Any) -> int:
    """How many months of the log's review wait for the user; none while the log cannot be asked."""
    reviewer = conf.reviewer_of(user)
    try:
        return waiting(reviewer) if reviewer is not None else 0
    except AccessLogError:
        return 0


@dataclass(frozen=True)
class Entry:
    """A line of the rail: where it leads and the action of `cctv.people.policy` that it needs.

    `everywhere`: its page is about all sites at once, so the action has to be allowed at all of them.
    `count`: how many things wait there for the user. `also`: another action that opens the page.
    """

    label: str | Promise
    icon: str
    url_name: str
    action: str
    everywhere: bool = False
    count: Callable[[Any], int] | None = None
    also: str = ""


NAVIGATION: tuple[Entry, ...] = (
    Entry(_("Inbox"), "inbox", "inbox", "export.decide", count=count_waiting),
    Entry(_("Sites"), "site", "sites", "footage.browse"),
    Entry(
        pgettext_lazy("of people", "Requests"), "request", "requests", "request.work", count=count_requests
    ),
    Entry(_("Viewings"), "eye", "viewings", "viewings.own"),
    Entry(_("Redactions"), "eyeoff", "redactions", "redaction.see"),
    Entry(_("Cases"), "case", "cases", "case.see"),
    Entry(_("Exports"), "export", "exports", "export.see"),
    Entry(_("Log"), "log", "log", "log.read"),
    Entry(_("Review"), "review", "log_review", "log.review", count=reviews_waiting, also="log.review_others"),
    Entry(_("Retention"), "retention", "retention", "retention.see"),
    Entry(_("Holds"), "held", "holds", "hold.see"),
    Entry(_("Restrictions"), "restricted", "restrictions", "restriction.see"),
    Entry(_("Ledger"), "ledger", "ledger", "ledger.see"),
    Entry(_("Provisions"), "hand", "provisions", "provision.see"),
    Entry(_("Prints and media"), "print", "media", "medium.see"),
    Entry(_("Register"), "register", "register", "register.see"),
    Entry(_("Sources"), "source", "sources", "ingest.see"),
    Entry(_("People"), "people", "people", "people.see"),
    Entry(_("Health"), "health", "health", "health.see", everywhere=True),
)


@dataclass(frozen=True)
class Link:
    """An entry as the page shows it."""

    label: str | Promise
    icon: str
    url: str
    current: bool = False
    count: int = 0


def address(url_name: str, *args: Any) -> str:
    """The URL of a page, or "" where this installation does not have it."""
    try:
        return reverse(url_name, args=args)
    except NoReverseMatch:
        return ""


def entries_for(user: Any) -> Iterator[tuple[Entry, str]]:
    """The entries that exist and that `user` may open, with their URLs."""
    if not getattr(user, "is_authenticated", False):
        return
    permissions = permissions_of(user)
    for entry in NAVIGATION:
        url = address(entry.url_name)
        allowed = permissions.everywhere if entry.everywhere else permissions.may
        if url and (allowed(entry.action) or (entry.also and allowed(entry.also))):
            yield entry, url


def links_for(user: Any, path: str) -> list[Link]:
    """The rail of `user`; the entry whose URL is the longest prefix of `path` is the current one."""
    found = list(entries_for(user))
    inside = [url for _entry, url in found if path.startswith(url)]
    here = max(inside, key=len, default=None)
    return [
        Link(entry.label, entry.icon, url, url == here, entry.count(user) if entry.count else 0)
        for entry, url in found
    ]


def home_for(user: Any) -> str:
    """Where the user's work starts, or "" if there is nothing they may open."""
    return next((url for _entry, url in entries_for(user)), "")
