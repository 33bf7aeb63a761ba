"""Somebody who fills in the portal, question by question."""

from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from django.test import Client

from cctv.subjects.portal import wizard_views


class Person:
    """A browser without script."""

    def __init__(self) -> None:
        self.client = Client()
        self.at = ""

    def go(self, address: str) -> Any:
        """Follow redirects to a page."""
        response = self.client.get(address, follow=True)
        if response.redirect_chain:
            address = response.redirect_chain[-1][0]
        self.at = address
        return response

    def begin(self, kind: str = "") -> Any:
        return self.go(f"/portal/ask/?kind={kind}" if kind else "/portal/ask/")

    @property
    def step(self) -> str:
        return urlsplit(self.at).path.rstrip("/").rpartition("/")[2]

    @property
    def answers(self) -> str:
        return parse_qs(urlsplit(self.at).query)["a"][0]

    def say(self, go: str = "next", **fields: Any) -> Any:
        """Answer the question one is at."""
        path = urlsplit(self.at).path
        sent = self.client.post(path, {"a": self.answers, "go": go, **fields})
        assert sent.status_code == 302, sent.content.decode()
        return self.go(sent["Location"])

    def answer_all(self, start: datetime, end: datetime, zone: str, **other: Any) -> None:
        """From the first question to the check page, about a span of one day."""
        local, until = (each.astimezone(ZoneInfo(zone)) for each in (start, end))
        said: dict[str, dict[str, Any]] = {
            "kind": {"kind": "copy"},
            "about": {"about": "person"},
            "place": {"zones": ["unknown"], "words": ""},
            "when": {
                "y": local.year, "m": local.month, "d": local.day, "fh": local.hour, "fm": local.minute,
                "th": until.hour, "tm": until.minute, "sure": "exact",
            },
            "whom": {"whom": "self"},
            "looks": {"looks": "a yellow raincoat"},
            "why": {"reason": "my umbrella was taken"},
            "contact": {"name": "Kim Chulsoo", "phone": "010-5550-1234", "email": ""},
        }  # fmt: skip
        said |= other
        self.begin()
        for _ in range(14):
            if self.step == "check":
                return
            before = self.step
            self.say(**said[self.step])
            assert self.step != before, self.client.get(self.at).content.decode()
        raise AssertionError(self.step)

    def send(self, **fields: Any) -> Any:
        """Confirm and send; whatever comes."""
        quickest = wizard_views.QUICKEST
        wizard_views.QUICKEST = type(quickest)(0)
        try:
            return self.client.post(
                "/portal/ask/check/", {"a": self.answers, "go": "next", "true": "yes", **fields}
            )
        finally:
            wizard_views.QUICKEST = quickest
