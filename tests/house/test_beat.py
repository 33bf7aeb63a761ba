"""Everything that beat wakes, a worker knows: what it does not know it throws away without a word."""

from importlib import import_module

from django.conf import settings

from config.celery import AREAS


def test_every_task_of_beat_is_in_an_area_that_workers_look_into():
    for name, entry in settings.CELERY_BEAT_SCHEDULE.items():
        area, _dot, task = str(entry["task"]).rpartition(".tasks.")
        assert area in AREAS, f"{name}: no worker looks for tasks in {area}"
        assert getattr(import_module(f"{area}.tasks"), task).name == entry["task"]
