"""Somebody who shows who they are over the portal: pictures as telephones make them, and short ways."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from cctv.subjects.identity import asking, papers, verdicts
from cctv.subjects.identity.models import IdentityCheck, IdentityPaper
from cctv.subjects.requests.models import SubjectRequest
from tests.subjects.desk.conftest import Bureau
from tests.subjects.requests.counter import TERMINAL

# What a telephone writes into a picture.
MAKER = b"Fairphone of Kim Chulsoo"


def photo(size: tuple[int, int] = (320, 200), form: str = "JPEG", **options: Any) -> bytes:
    """A picture of a document; with EXIF where `exif` says so."""
    picture = Image.new("RGB", size, (90, 120, 150))
    picture.paste((250, 250, 240), (20, 20, 120, 120))
    out = BytesIO()
    if options.pop("exif", False):
        tags = Image.Exif()
        tags[271] = MAKER.decode()
        tags[274] = 6  # lies on its side
        options["exif"] = tags
    picture.save(out, form, **options)
    return out.getvalue()


@dataclass
class Shower:
    """One who shows, and who checks."""

    bureau: Bureau

    @property
    def request(self) -> SubjectRequest:
        """As it is now."""
        return self.bureau.again()

    def ask(self, method: str = "document", **options: Any) -> IdentityCheck:
        return asking.ask(self.request, method, terminal=TERMINAL, **options)

    def take(self, check: IdentityCheck, part: str = "document", data: bytes | None = None) -> IdentityPaper:
        return papers.take(check, part, [photo() if data is None else data], terminal=TERMINAL)

    def shown(self, **options: Any) -> IdentityCheck:
        """A check whose papers are all there."""
        check = self.ask(**options)
        if check.for_secret:
            check.code_salt, check.code_hash = b"s" * 16, b"h" * 32
            check.save()
        for part in papers.wanted(check):
            self.take(check, part)
        asking.finish(check, terminal=TERMINAL)
        return check

    def verify(self, check: IdentityCheck) -> IdentityCheck:
        return verdicts.verify(check, actor=self.bureau.people.seoul_officer, terminal=TERMINAL)

    def refuse(self, check: IdentityCheck, reason: str = "unreadable", text: str = "") -> IdentityCheck:
        officer = self.bureau.people.seoul_officer
        return verdicts.refuse(check, actor=officer, terminal=TERMINAL, reason_code=reason, text=text)


@pytest.fixture
def shower(bureau: Bureau) -> Shower:
    return Shower(bureau)
