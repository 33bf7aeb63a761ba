"""Who reviews what: the two small values that a project injects (ACCESSLOG_SITES, ACCESSLOG_REVIEWERS)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

OFFICER, AUDITOR = "officer", "auditor"
# How an address names what belongs to no site.
NO_SITE = "none"


@dataclass(frozen=True, slots=True)
class ReviewSite:
    """A site whose months are reviewed. Entries that belong to no site are a site with the id "".

    `zone` (IANA name) says when its months begin; `since` is when there was first something to review.
    `officers` are the ids of those who review it: what they did themselves goes to an auditor. `auditors` are
    the ids of those who may decide on that, None where the project does not say.
    """

    id: str
    name: str
    zone: str
    since: datetime
    officers: frozenset[str] = frozenset()
    auditors: frozenset[str] | None = None

    @property
    def without_auditor(self) -> bool:
        """Whether there is nobody to decide on what the officers did: no auditor who is not one of them."""
        return self.auditors is not None and not self.auditors - self.officers


@dataclass(frozen=True, slots=True)
class Reviewer:
    """A person and the ids of the sites that they review, as an officer or as an auditor."""

    id: str
    officer: frozenset[str] = frozenset()
    auditor: frozenset[str] = frozenset()

    def knows(self, site: str) -> bool:
        """Whether the person may see reviews of the site at all."""
        return site in self.officer or site in self.auditor

    def audits(self, site: ReviewSite) -> bool:
        """Whether the person decides there as an auditor: officers do not, whatever else they are."""
        return site.id in self.auditor and site.id not in self.officer and self.id not in site.officers

    def capacity(self, site: ReviewSite, actor: str) -> str:
        """As what the person decides on an entry of `actor` there: OFFICER, AUDITOR, or "" for not at all.

        Nobody decides on what they did themselves, and on what an officer did only an auditor decides who is
        no officer there: two people who are both would otherwise clear each other.
        """
        if actor and actor == self.id:
            return ""
        if actor and actor in site.officers:
            return AUDITOR if self.audits(site) else ""
        return OFFICER if site.id in self.officer else ""
