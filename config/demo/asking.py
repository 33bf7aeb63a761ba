"""Somebody who was filmed in the demonstration has asked for a copy, as the portal takes it in."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from cctv.core import clock
from cctv.sites.models import Camera
from cctv.subjects.requests import receiving
from cctv.subjects.requests.details import Details
from cctv.subjects.requests.models import About, Claimant, RequestKind
from config.demo.plan import RECENT

TERMINAL = "192.0.2.61"
CAMERA = "mon"
# Reference and secret, one a line: on a real installation the secret is with the requester alone.
RECEIPT = "demo-receipt"
SAID = Details(
    name="水瀬 遥", phone="080-0000-0147", place="入口の遮断機の前",
    looks="白い小型車から降りた、黄色いレインコートの人です。黒い傘を持っています。",
    reason="車を降りたところで傘をなくしました。どこに置いたのかを確かめたいです。",
)  # fmt: skip


def create(home: Path) -> None:
    """File the request; what it names is held from now on. Its receipt is noted in `home`."""
    camera = Camera.objects.select_related("site").get(code=CAMERA)
    now = clock.now().replace(second=0, microsecond=0)
    age, _length = RECENT
    received = receiving.receive(
        receiving.Draft(
            kind=RequestKind.COPY, about=About.PERSON, claimant=Claimant.SELF, language="ja",
            site=camera.site, cameras=[camera], starts_at=now - age, ends_at=now - age + timedelta(minutes=3),
            margin_minutes=10, details=SAID,
        ),
        terminal=TERMINAL, draft_id=uuid4(),
    )  # fmt: skip
    (home / RECEIPT).write_text(f"{received.request.reference}\n{received.secret}\n")


def receipt(home: Path) -> tuple[str, str]:
    """Reference and secret of the sample; empty where the demonstration was made without one."""
    noted = home / RECEIPT
    lines = noted.read_text().splitlines() if noted.is_file() else []
    return (lines[0], lines[1]) if len(lines) == 2 else ("", "")
