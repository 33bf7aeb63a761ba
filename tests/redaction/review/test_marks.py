"""What a review leaves in the register: how much was looked at, and nothing of where anybody walked."""

from __future__ import annotations

import json

import pytest
from django.core import serializers

from cctv.redaction.looking.facts import encode
from cctv.redaction.models import RedactionReview
from cctv.redaction.review import services
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
