"""An unknown or incomplete event raises, and every kind reads as a sentence."""

import pytest
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accesslog import registry, sentences, services
from accesslog.errors import EventRefused
from accesslog.registry import EventType
from tests.accesslog.cast import COVERED, covered


def test_an_unknown_kind_raises():
    with pytest.raises(EventRefused, match=r"'test\.nobody' is not a registered kind"):
        registry.check("test.nobody", {})


def test_a_missing_field_raises():
    body = covered()
    del body["camera"]
    with pytest.raises(EventRefused, match="lacks camera"):
        registry.check(COVERED, body)
    with pytest.raises(EventRefused, match="lacks camera"):
        sentences.sentence(body, COVERED)


def test_an_unknown_field_raises():
    with pytest.raises(EventRefused, match="unknown field colour"):
        registry.check(COVERED, covered(colour="red"))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"actor": "Minji"}, "actor must be an object with the texts id, name, role"),
        ({"actor": {"id": "1", "name": "Minji"}}, "actor must be"),
        ({"actor": {"id": 1, "name": "Minji", "role": "operator"}}, "actor must be"),
        ({"site": "baram"}, "site must be an object with the texts id, name"),
        ({"site": {"id": "baram"}}, "site must be"),
        ({"camera": {"name": "Gate"}}, "camera must be"),
        ({"purpose": {"code": "crime"}}, "purpose must be an object with the texts code, text"),
        ({"from": "14 November"}, "from must be an RFC 3339 time in UTC"),
        ({"from": "2026-11-14T10:00:00+09:00"}, "from must be"),
        ({"to": 1794736800}, "to must be"),
        ({"from": "2026-11-14T10:01:00.001Z"}, "from must not be after to"),
        ({"from": "2026-11-14T10:01:00.5Z", "to": "2026-11-14T10:01:00Z"}, "from must not be after to"),
    ],
)
def test_a_common_field_of_the_wrong_shape_raises_before_anything_is_written(change, why):
    registry.check_new(COVERED, covered())
    body = covered() | change
    with pytest.raises(EventRefused, match=why):
        registry.check_new(COVERED, body)
    with pytest.raises(EventRefused, match=why):
        services.append(kind=COVERED, body=body)
    registry.check(COVERED, body)  # what earlier versions wrote is still read


def test_spans_of_no_length_and_of_other_precision_are_times_too():
    for ends in ("2026-11-14T10:00:00Z", "2026-11-14T10:00:00.000Z", "2026-11-14T10:00:00.000000001Z"):
        registry.check_new(COVERED, covered() | {"to": ends})


@pytest.mark.parametrize(
    ("sentence", "why"),
    [
        ("{nobody} came.", "no field nobody"),
        ("{text came.", "malformed"),
        ("{0} came.", "unusable placeholder"),
        ("{} came.", "unusable placeholder"),
    ],
)
def test_a_sentence_that_cannot_be_told_is_refused_at_registration(sentence, why):
    with pytest.raises(EventRefused, match=why):
        registry.register(EventType("test.bad", frozenset({"text"}), frozenset(), gettext_lazy(sentence)))
    with pytest.raises(EventRefused):
        registry.get("test.bad")


def test_a_kind_is_registered_once():
    again = EventType(COVERED, frozenset({"text"}), frozenset(), "{text}")
    with pytest.raises(EventRefused, match="registered already"):
        registry.register(again)


def test_an_entry_reads_as_a_sentence_by_the_clocks_of_the_site():
    body = covered(site={"id": "baram", "name": "Baram Hub", "zone": "Asia/Seoul"})
    body["from"] = f"{timezone.now().year}-11-14T10:00:00Z"
    body["to"] = f"{timezone.now().year}-11-14T10:01:30Z"
    assert sentences.sentence(body, COVERED) == (
        "Gate2, 14 Nov, 19:00–19:01:30, was released to Minji for crime prevention."
    )


def test_an_entry_of_another_year_names_the_year():
    body = {**covered(), "from": "2019-11-14T23:59:00Z", "to": "2019-11-15T00:01:00Z"}
    assert "14 Nov 2019, 23:59–15 Nov 2019, 00:01" in sentences.sentence(body, COVERED)


def test_markup_in_names_is_shown_as_text():
    body = covered(actor="<script>")
    html = sentences.sentence_html(body, COVERED)
    assert "<script>" not in html.lower()
    assert "<b>&lt;Script&gt;</b>" in html


def test_a_reader_without_the_right_sees_no_personal_detail():
    body = covered(terminal="10.0.0.7")
    told = sentences.sentence(body, COVERED, personal=False)
    assert "Minji" not in told
    assert told.endswith("was released to somebody (Operator) for crime prevention.")
    assert {name for name, _ in sentences.details(body, COVERED, personal=False)} == {
        "camera", "purpose", "from", "to",
    }  # fmt: skip


def test_lists_and_spans_are_told_by_their_parts():
    zone = sentences.zone_of({})
    spans = [{"camera": {"name": "Gate"}, "from": "2019-01-01T10:00:00Z", "to": "2019-01-01T10:05:00Z"}]
    assert sentences.show("sent", spans, zone) == "Gate 1 Jan 2019, 10:00–10:05"
    assert sentences.show("sent", [], zone) == "nothing"
    assert sentences.show("n", list(range(8)), zone) == "0, 1, 2, 3, 4, 5 and 2 more"
