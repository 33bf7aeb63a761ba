"""Log, search, review, sign, verify; prints what came of it as JSON."""

import io
import json
import os
import re
import sys
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "clinic.settings"
django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402

from accesslog import IndexFields, records, services, writer  # noqa: E402
from accesslog.models import Review  # noqa: E402
from accesslog.review import judging, record  # noqa: E402
from accesslog.types import to_us  # noqa: E402

MARCH = datetime(2026, 3, 2, 10, tzinfo=UTC)
REVIEW = "/log/review/east/2026-03/"


def open_file(hours: int, person: str, name: str) -> None:
    """Somebody opened a file last March: the log's clock is turned back, since this is a story."""
    clock = SimpleNamespace(time_ns=lambda: to_us(MARCH + timedelta(hours=hours)) * 1000)
    modules: tuple[Any, Any] = (writer, records)
    for module in modules:
        module.time = clock
    services.append(
        kind="file.opened",
        body={
            "actor": {"id": person, "name": person.title(), "role": "nurse"},
            "site": {"id": "east", "name": "Ward East", "zone": "Europe/Berlin"},
            "camera": {"id": name, "name": f"No. {name}"},
        },
        index=[IndexFields(actor=person, camera=name, site="east")],
    )
    for module in modules:
        module.time = time


def main() -> None:
    """The story."""
    for alias in ("default", "log"):
        call_command("migrate", database=alias, verbosity=0)
    call_command("check", databases=["default", "log"], stdout=io.StringIO())
    for number in range(12):
        open_file(number, "ada", "17" if number % 4 == 0 else f"{number}")
    users: Any = get_user_model()._default_manager
    officer = Client()
    officer.force_login(users.create_user("officer", is_staff=True))
    stranger = Client()
    stranger.force_login(users.create_user("stranger"))
    said: dict[str, object] = {
        "stranger": stranger.get("/log/").status_code,
        "search": "No. 17" in officer.get("/log/", {"actor": "ada"}).content.decode(),
        "entry": officer.get("/log/0/").status_code,
        "flags": judging.judge().flags,
        "overview": "Ward East" in officer.get("/log/review/").content.decode(),
        "rules": officer.get("/log/review/rules/").status_code,
        "begun": officer.post(REVIEW).status_code,
        "month": "drawn by lot" in officer.get(REVIEW).content.decode(),
    }
    review = Review.objects.get()
    for item in review.items.all():
        officer.post(f"{REVIEW}entries/{item.index}/", {"verdict": "fine"})
    signing = officer.get(f"{REVIEW}sign/")
    said["signing"] = signing.status_code
    shown = re.findall(r'name="shown" value="(\w+)"', signing.content.decode())
    said["signed"] = officer.post(f"{REVIEW}sign/", {"shown": shown}).status_code
    said["state"] = record.state(Review.objects.get())
    told = io.StringIO()
    call_command("log", "verify", stdout=told)
    said["verified"] = told.getvalue()
    said["foreign"] = sorted(
        name for name in sys.modules if name.split(".")[0] in ("cctv", "config", "celery")
    )
    services.close()
    print(json.dumps(said))


if __name__ == "__main__":
    main()
