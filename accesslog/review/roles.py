"""Who reviews what: the two small values that a project injects (ACCESSLOG_SITES, ACCESSLOG_REVIEWERS)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

OFFICER, AUDITOR = "officer", "auditor"


@dataclass(frozen=True, slots=True)
class ReviewSite:
    """A site whose months are reviewed. Entries that belong to no site are a site with the id "".

    `zone` (IANA name) says when its months begin; `since` is when there was first something to review.
    `officers` are the ids of those who review it: what they did themselves goes to an auditor.
    """

    id: str
    name: str
    zone: str
    since: datetime
    officers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person and the ids of the sites that they review, as an officer or as an auditor."""

    id: str
    officer: frozenset[str] = frozenset()
    auditor: frozenset[str] = frozenset()

    def knows(self, site: str) -> bool:
        """Whether the person may see reviews of the site at all."""
        return site in self.officer or site in self.auditor

    def capacity(self, site: ReviewSite, actor: str) -> str:
        """As what the person decides on an entry of `actor` there: OFFICER, AUDITOR, or "" for not at all.

        Nobody decides on what they did themselves, and on what an officer did only an auditor decides.
        """
        if actor and actor == self.id:
            return ""
        if actor and actor in site.officers:
            return AUDITOR if site.id in self.auditor else ""
        return OFFICER if site.id in self.officer else ""
