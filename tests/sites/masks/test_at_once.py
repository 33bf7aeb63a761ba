"""Of two administrators who change a camera's masks at once, one begins anew."""

import threading
from typing import Any

import pytest
from django.db import connections

from accesslog.models import LogEntry
from cctv.sites.masks import polygons, services
from cctv.sites.masks.scopes import CameraMasks
from cctv.sites.models import Camera
from cctv.sites.rules import RegisterRefused
from tests.people.cast import Cast

pytestmark = [
    pytest.mark.django_db(transaction=True, databases=["default", "log"]),
    pytest.mark.usefixtures("vault_ready"),
    pytest.mark.both_databases,
]
MINE = polygons.read([[[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]]])
THEIRS = polygons.read([[[0.7, 0.7], [0.9, 0.7], [0.9, 0.9], [0.7, 0.9]]])


def test_a_mask_that_somebody_else_sets_meanwhile_is_not_removed_unseen(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = services._log
    threads: list[threading.Thread] = []
    refused: list[str] = []

    def change(masks: polygons.Masks) -> None:
        gate = Camera.objects.select_related("site").get(code="gate")
        services.set_masks(actor=cast.administrator, camera=gate, masks=CameraMasks(masks), seen="")

    def other() -> None:
        try:
            change(THEIRS)
        except RegisterRefused as error:
            refused.append(error.code)
        finally:
            connections.close_all()

    def meanwhile(*given: Any, **named: Any) -> None:
        if not threads:
            threads.append(threading.Thread(target=other))
            threads[0].start()
            threads[0].join(0.5)
        real(*given, **named)

    monkeypatch.setattr(services, "_log", meanwhile)
    change(MINE)
    threads[0].join(30)
    assert refused == ["masks_changed"]
    assert polygons.read(Camera.objects.get(code="gate").privacy_masks) == MINE
    assert LogEntry.objects.filter(kind="camera.masks_changed").count() == 1
