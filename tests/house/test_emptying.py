"""Transactional tests may use the log: each finds it as after the first migration, and append-only."""

import pytest
from django.db import DatabaseError, connections

from accesslog.models import LogHead

pytestmark = [
    pytest.mark.both_databases,
    pytest.mark.django_db(databases=["default", "log"], transaction=True),
]


@pytest.mark.parametrize("time", ["first", "again"])
def test_the_log_starts_empty_with_its_head(time: str) -> None:
    head = LogHead.objects.using("log").get()
    assert (head.id, head.size) == (1, 0)
    LogHead.objects.using("log").update(size=1, last_time_us=1)


def test_the_triggers_are_back_after_emptying() -> None:
    with pytest.raises(DatabaseError, match="log_head only grows"), connections["log"].cursor() as cursor:
        cursor.execute("DELETE FROM log_head")
