"""How soon a recording can be watched: from the moment its file is closed to its place in an open viewing."""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from config.demo.browser import Client
from tests.media.clips import clip
from tests.servers import office
from tests.servers.lethe import LiveLethe
from tests.servers.office import view

pytestmark = [pytest.mark.slow, pytest.mark.servers, pytest.mark.measures]

WITHIN_S = 15
CAMERA = "drop"


def test_a_segment_is_browsable_within_15_s_of_its_files_end(live_lethe: Callable[..., LiveLethe], tmp_path):
    """Three files, closed at different moments of the sweeps' rhythm; the worst of them counts."""
    made = office.make(tmp_path / "home")
    live = live_lethe(home=made.home)
    began = datetime.now(UTC).replace(microsecond=0)
    client, viewing = view(live.url, CAMERA, began - timedelta(minutes=2), began + timedelta(minutes=5))
    took = []
    for number, pause in enumerate((1.0, 0.3, 3.7)):
        time.sleep(pause)
        start = began + timedelta(seconds=2 * number - 30)
        data = clip(seconds=2, first_number=100 * number)
        path = made.folder / f"{start:%Y-%m-%d_%H-%M-%S}.mp4"
        with path.open("wb") as file:
            file.write(data[:1000])
            file.flush()
            time.sleep(0.5)  # still being written
            file.write(data[1000:])
        closed = time.monotonic()
        while not (part := newest(client, viewing, number + 1)):
            assert time.monotonic() - closed <= WITHIN_S, (number, live.server.output()[-2000:])
            time.sleep(0.1)
        took.append(time.monotonic() - closed)
        assert client.get(f"{viewing}{CAMERA}/{part}").status == 200
    print("seconds from closed to browsable:", [round(each, 1) for each in took])
    assert max(took) <= WITHIN_S
    local = (began - timedelta(seconds=30)).astimezone(office.SEOUL)
    day = client.get(f"/sites/seoul/cameras/{CAMERA}/{local:%Y-%m-%d}/").text
    assert re.search("data-pick-from", day), "the day's page offers it too"


def newest(client: Client, viewing: str, count: int) -> str:
    """The last part of the playlist as soon as it has `count` of them."""
    parts = re.findall(r"^[0-9a-f-]+/\d+\.m4s\S*$", client.get(f"{viewing}{CAMERA}/index.m3u8").text, re.M)
    return str(parts[-1]) if len(parts) == count else ""
