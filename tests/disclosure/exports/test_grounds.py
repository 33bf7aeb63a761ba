"""O37, O38: on which ground, for whom, by which kind of controller, and what the ground asks for."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cctv.disclosure.exports import grounds
from cctv.disclosure.exports.details import Details
from cctv.disclosure.exports.errors import GroundRefused, UrgentOnlyForLife
from cctv.disclosure.exports.grounds import offered
from cctv.disclosure.exports.models import RecipientKind
from cctv.footage.errors import PurposeRequired
from cctv.retention.holds.grounds import grounds_of as hold_grounds
from tests.disclosure.exports.conftest import Desk

LAWS = ("KR", "JP", "EU", "UK")


def codes(law: str, to: str = "", *, public: bool = False) -> set[str]:
    return {each.code for each in offered(law, is_public_body=public, to=to)}


def test_o38_a_private_controller_in_korea_has_neither_investigation_nor_its_own_rights() -> None:
    assert not codes("KR") & {"investigation", "court", "rights", "claim"}
    assert codes("KR", "police") == {"consent", "law", "vital", "property", "safety"}
    assert "investigation" in codes("KR", "police", public=True)
    assert "court" in codes("KR", "court", public=True)
    assert not codes("KR", public=True) & {"rights", "claim"}


@given(st.sampled_from(LAWS), st.sampled_from(RecipientKind.values), st.booleans())
def test_each_recipient_has_grounds_and_a_public_body_never_fewer(law: str, to: str, public: bool) -> None:
    assert codes(law, to, public=public)
    assert codes(law, to) <= codes(law, to, public=True) <= codes(law, public=True)
    assert ("subject" in codes(law, to)) == (to == "subject")


@pytest.mark.parametrize("law", LAWS)
def test_o37_consent_is_shown_by_a_document_and_glass_is_broken_for_life_alone(law: str) -> None:
    known = {each.code: each for each in grounds.grounds_of(law)}
    assert known["consent"].document
    assert [code for code, each in known.items() if each.life] == ["vital"]
    # "Life, body or property" of the law are two grounds here: nothing leaves unapproved for a thing.
    assert ("property" in known) == (law in ("KR", "JP"))
    assert "property" not in str(known["vital"].text)
    for code in {"vital", "property"} & set(known):
        assert known[code].no_consent


@pytest.mark.parametrize("law", LAWS)
def test_each_ground_is_one_that_footage_may_be_held_on(law: str) -> None:
    known = dict(hold_grounds(law))
    assert {each.held_on for each in grounds.grounds_of(law)} <= set(known)


@pytest.mark.django_db(databases=["default", "log"])
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"document": " "}, "Name the warrant"),
        ({"letter": None}, "Attach the warrant"),
        ({"ground": "investigation"}, "offered for this recipient"),
        ({"ground": "subject"}, "offered for this recipient"),
        ({"ground": "vital"}, "consent"),
        ({"ground": "consent", "document": ""}, "declaration of consent"),
        ({"ground": "consent", "letter": None}, "declaration of consent"),
        ({"recipient_kind": "subject"}, "offered for this recipient"),
    ],
)
def test_o37_nothing_is_asked_for_without_what_its_ground_asks_for(
    desk: Desk, changes: dict[str, Any], says: str
) -> None:
    with pytest.raises(GroundRefused) as refused:
        desk.ask(wish=desk.wish(**changes))
    assert says in str(refused.value.hint)
    desk.ask()


@pytest.mark.django_db(databases=["default", "log"])
def test_glass_is_broken_only_for_life_and_with_a_reason(desk: Desk) -> None:
    with pytest.raises(UrgentOnlyForLife):
        desk.ask(urgent=True, urgent_reason="soon, please")
    details = Details(why_no_consent="nobody knows them")
    with pytest.raises(UrgentOnlyForLife):  # a car that burns is no life
        desk.ask(wish=desk.wish(ground="property", details=details), urgent=True, urgent_reason="a car burns")
    vital = desk.wish(ground="vital", details=Details(why_no_consent="nobody knows them"))
    with pytest.raises(UrgentOnlyForLife):
        desk.ask(wish=vital, urgent=True, urgent_reason=" ")


@pytest.mark.django_db(databases=["default", "log"])
def test_another_purpose_is_said_in_words_and_stands_as_such_in_the_log(desk: Desk) -> None:
    with pytest.raises(PurposeRequired):
        desk.ask(wish=desk.wish(purpose=None))
    with pytest.raises(PurposeRequired):  # within the house it is always another one
        desk.ask(wish=desk.wish(recipient_kind="own"))
    desk.ask(wish=desk.wish(purpose=None, purpose_text="training of new guards"))
    [asked] = desk.said("export.asked")
    assert asked["purpose"] == {
        "code": "other", "text": "training of new guards", "reason": "training of new guards",
        "intended": False,
    }  # fmt: skip
