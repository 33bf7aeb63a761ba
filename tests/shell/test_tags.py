"""What the template tags say about time, size and state, in the three languages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django import forms
from django.template import engines
from django.utils import timezone, translation

from cctv.templatetags import _times
from config.styleguide import SampleForm

MOMENT = datetime(2026, 11, 14, 1, 2, 3, tzinfo=UTC)


def render(source: str, **context: Any) -> str:
    return str(engines["django"].from_string(source).render(context))


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "14 Nov 2026, 10:02 KST"),
        ("ko", "2026년 11월 14일 10:02 KST"),
        ("ja", "2026年11月14日 10:02 KST"),
    ],
)
def test_a_time_is_shown_on_the_site_s_clocks_with_its_zone(language: str, text: str) -> None:
    with translation.override(language):
        page = render("{% when moment 'Asia/Seoul' %}", moment=MOMENT)
    assert f">{text}</time>" in page
    assert 'datetime="2026-11-14T01:02:03+00:00"' in page


def test_a_zone_may_be_an_object_and_summer_time_has_its_own_name() -> None:
    page = render(
        "{% when moment zone 'minute' %}", moment=MOMENT.replace(month=7), zone=ZoneInfo("Europe/London")
    )
    assert ">02:02 BST</time>" in page


def test_a_zone_without_letters_says_what_it_is_measured_against() -> None:
    assert ">10:02 UTC" in render("{% when moment 'Etc/GMT-9' 'minute' %}", moment=MOMENT)


def test_no_time_is_a_dash() -> None:
    assert "–" in render("{% when moment %}", moment=None)


def test_the_relative_time_is_there_for_the_pointer_and_for_readers() -> None:
    page = render("{% when moment %}", moment=timezone.now() - timedelta(hours=3, minutes=5))
    assert 'title="3 h ago"' in page
    assert '<span class="vh"> (3 h ago)</span>' in page


def test_a_span_names_its_day_once_and_two_days_when_it_crosses_midnight() -> None:
    same = render("{% span a b 'UTC' %}", a=MOMENT, b=MOMENT + timedelta(minutes=7))
    assert "14 Nov 2026," in same
    assert "01:02–01:09 UTC" in same
    short = render("{% span a b 'UTC' %}", a=MOMENT, b=MOMENT + timedelta(seconds=9))
    assert "01:02:03–01:02:12 UTC" in short
    across = render("{% span a b 'UTC' %}", a=MOMENT, b=MOMENT + timedelta(days=1))
    assert "15 Nov 2026," in across


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59.9, "59 s"), (60, "1 min"), (5472, "1 h 31 min"), (86400, "1 day"), (86403, "1 day"),
     (200000, "2 days 7 h")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert render("{{ value|duration }}", value=seconds) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (999_600, "1.0 MB"), (41_700_000_000, "41.7 GB"),
     (10**15, "1,000 TB")],
)  # fmt: skip
def test_sizes(value: int, text: str) -> None:
    assert render("{{ value|bytes }}", value=value) == text


def test_clocks_and_numbers() -> None:
    assert render("{{ 5472.9|hms }} {{ 61|hms }} {{ 1204|number }}") == "1:31:12 1:01 1,204"


@pytest.mark.parametrize(
    ("name", "text"), [("Kim Minji", "KM"), ("한지우", "지우"), ("佐藤 美咲", "佐美"), ("", "?")]
)
def test_initials(name: str, text: str) -> None:
    assert render("{{ name|initials }}", name=name) == text


def test_a_state_is_an_icon_and_a_word() -> None:
    page = render('{% state_badge "held" %}')
    assert "sprite.svg#held" in page
    assert "Held" in page


def test_a_deadline_is_amber_when_near_and_red_when_past() -> None:
    now = timezone.now()
    source = "{% deadline due start %}"
    assert 'class="clock"' in render(source, due=now + timedelta(days=7), start=now - timedelta(days=1))
    assert 'class="clock clock--soon"' in render(source, due=now + timedelta(hours=3), start=now)
    late = render(source, due=now - timedelta(days=2, hours=1), start=now)
    assert 'class="clock clock--late"' in late
    assert "2 days late" in late


def test_components_escape_what_they_are_given() -> None:
    evil = "<img src=x>"
    source = (
        "{% notice 'warn' evil evil %}{% empty_state evil evil '/x' evil %}{% summary_list rows %}"
        "{% icon evil label=evil %}{% state_badge evil %}{% progress evil 3 note=evil %}"
        "{% confirm_grave evil evil %}{{ evil }}{% endconfirm_grave %}"
    )
    assert "<img" not in render(source, evil=evil, rows=[(evil, evil)])


def test_a_dangerous_act_is_a_post_with_a_token() -> None:
    page = render("{% confirm_grave 't' 'b' url='/purge/' %}x{% endconfirm_grave %}", csrf_token="tok-en")
    assert '<form method="post" action="/purge/">' in page
    assert 'value="tok-en"' in page


def test_a_form_says_what_is_wrong_beside_the_field_and_to_readers() -> None:
    form = SampleForm({"camera": "2", "hold_until": "2027-02-31", "purpose": "crime"})
    page = render("{{ form }}", form=form)
    assert 'aria-describedby="id_hold_until_error"' in page
    assert 'id="id_hold_until_error"' in page
    assert page.count('class="field field--error"') == 2


def test_every_field_has_one_label_and_one_class() -> None:
    page = render("{{ form }}", form=SampleForm())
    assert page.count('for="id_case"') == 1
    assert '<select name="camera" class="input"' in page
    assert 'class="input" class' not in page


class Tall(forms.Form):
    text = forms.CharField(widget=forms.TextInput(attrs={"class": "input--short"}))
    secret = forms.CharField(widget=forms.HiddenInput)


def test_a_widget_s_own_class_is_kept_and_hidden_fields_stay_hidden() -> None:
    page = render("{{ form }}", form=Tall())
    assert 'class="input input--short"' in page
    assert '<input type="hidden" name="secret" id="id_secret">' in page


def test_the_clock_of_a_long_time_has_hours() -> None:
    assert _times.clock(36000) == "10:00:00"
