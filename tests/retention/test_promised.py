"""What the page calls promised is what `sites.expiry` reckons with, for any history of rules."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from cctv.retention.promises import promised_days
from cctv.sites.expiry import rule_in_force
from cctv.sites.jurisdictions import profile_of
from cctv.sites.models import Camera, RetentionRule
from cctv.sites.selectors import rules_for
from tests.retention.yard import Yard

pytestmark = [
    pytest.mark.django_db(databases=["default", "log"]),
    pytest.mark.both_databases,
    pytest.mark.postgres_later,
]


@pytest.mark.parametrize("seed", range(5))
def test_promised_days_follow_the_rule_in_force(yard: Yard, seed: int) -> None:
    random = Random(seed)
    places: list[tuple[str, Any]] = [
        ("organisation", [yard.sites[0].organisation]),
        ("site", yard.sites),
        ("camera", yard.cameras),
    ]
    for _number in range(8):
        kind, choices = random.choice(places)
        moment = yard.now + timedelta(days=random.randint(-5, 5))
        RetentionRule.objects.create(
            **{kind: random.choice(choices)}, days=random.randint(1, 90), effective_from=moment
        )
    for day in range(-6, 7):
        at = yard.now + timedelta(days=day)
        found = promised_days(Camera.objects.select_related("site__organisation"), at)
        for camera in yard.cameras:
            rule = rule_in_force(rules_for(camera), at)
            default = profile_of(camera.site.jurisdiction).default_days
            assert found[camera.pk] == (rule.days if rule else default)
