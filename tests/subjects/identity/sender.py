"""Somebody who shows who they are, over the portal, in a browser without script."""

from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from cctv.subjects.identity.models import IdentityCheck, IdentityPaper
from cctv.subjects.requests.models import SubjectRequest
from cctv.subjects.requests.receiving import Received
from tests.subjects.identity.showing import photo
from tests.subjects.requests.counter import DAY, Counter


class Requester:
    """A request that waits, and the browser in which it is open."""

    def __init__(self, counter: Counter, **options: Any) -> None:
        self.counter = counter
        sealed = counter.court.yard.segment(expires_in=DAY)
        self.received: Received = counter.ask(sealed, **options)
        self.client = Client()
        pair = {"reference": self.reference, "secret": self.received.secret}
        assert self.client.post("/portal/open/", pair)["Location"] == "/portal/status/"

    @property
    def reference(self) -> str:
        return self.received.request.reference

    def again(self) -> SubjectRequest:
        return SubjectRequest.objects.select_related("site", "hold").get(reference=self.reference)

    def page(self, path: str = "/portal/identity/") -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def proof(self, path: str = "/portal/identity/") -> str:
        return self.page(path).partition('name="proof" value="')[2].partition('"')[0]

    def send(
        self, picture: bytes | None = None, part: str = "document", path: str = "/portal/identity/",
        proof: str | None = None, **options: Any,
    ) -> Any:  # fmt: skip
        """One picture, as the form of the page sends it."""
        file = SimpleUploadedFile("IMG_0001.jpg", photo() if picture is None else picture, "image/jpeg")
        fields = {"proof": self.proof(path) if proof is None else proof, "part": part, "picture": file}
        return self.client.post(path, fields, **options)


def only_paper() -> IdentityPaper:
    """The one there is."""
    return IdentityPaper.objects.select_related("check_row").get()


def states() -> list[str]:
    """Of all checks, the earliest first."""
    return list(IdentityCheck.objects.order_by("asked_at").values_list("state", flat=True))
