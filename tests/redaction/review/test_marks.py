"""What a review leaves in the register: how much was looked at, and nothing of where anybody walked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core import serializers

from cctv.core.ids import new_id
from cctv.footage.derived import services as derived
from cctv.footage.derived.models import Derived
from cctv.footage.models import Segment
from cctv.redaction.looking.facts import encode
from cctv.redaction.models import RedactionReview
from cctv.redaction.review import services
from cctv.redaction.tasks import remove_cancelled
from cctv.vault import services as vault
from tests.redaction.editing.conftest import seen

from .conftest import Waiting, colleague

pytestmark = pytest.mark.django_db(databases=["default", "log"])


def test_invariant_4_the_register_does_not_say_where_people_walked(waiting: Waiting) -> None:
    keys = waiting.keys()
    assert waiting.look_at(*keys).json() == {"left": 0}
    row = RedactionReview.objects.get()
    assert len(row.moments) == len(keys)
    told = serializers.serialize("json", [row])
    assert not [key for key in keys if key in told]
    assert {len(mark) for mark in row.moments} == {32}


def test_who_knows_the_moments_but_not_the_footage_cannot_tell_them_from_the_register(
    waiting: Waiting,
) -> None:
    keys = waiting.keys()
    waiting.look_at(*keys)
    first = RedactionReview.objects.get()
    # The same moments of another review, and of other footage, are marked otherwise.
    _account, client = colleague(waiting.desk.room, name="third")
    client.get(waiting.url("review/"))
    client.post(
        waiting.url("review/moments.json"), json.dumps({"keys": keys}), content_type="application/json"
    )
    second = RedactionReview.objects.exclude(pk=first.pk).get()
    assert len(second.moments) == len(first.moments)
    assert not set(second.moments) & set(first.moments)
    before = services.drawn_of(first).mark(keys[0])
    waiting.desk.look(seen(frames=99))
    assert encode(seen(frames=99)) != encode(seen())
    assert services.drawn_of(first).mark(keys[0]) != before


def test_what_is_nobodys_any_more_is_removed_though_its_footage_stays(
    waiting: Waiting, django_capture_on_commit_callbacks: Any
) -> None:
    kept = Derived.objects.filter(owner=waiting.redaction.pk)
    assert {row.part for row in kept} == {"looked", "edit", "redacted"}
    names = [row.sealed_name for row in kept if row.sealed_name]
    segment = kept[0].segment
    other = derived.keep_fact(
        segment, owner=new_id(), label="x", part="other", data=b"x", of=[segment.pk],
        span=(segment.starts_at, segment.ends_at),
    )  # fmt: skip
    assert remove_cancelled() == 0
    waiting.desk.session.delete()  # as the ending of its records does
    assert kept.count() == 3
    with django_capture_on_commit_callbacks(execute=True):
        assert remove_cancelled() == 1
    assert [row.pk for row in Derived.objects.all()] == [other.pk]
    assert not [name for name in names if vault.object_exists(name)]
    assert Segment.objects.filter(pk=segment.pk).exists()
