"""What the letters of decisions say, and what they leave out (O6, O28, O32)."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import translation

from cctv.models import Decision, RequestAct, SubjectRequest
from cctv.subjects import profiles
from cctv.subjects.deciding import letters, notices
from cctv.subjects.deciding import words as words_of
from cctv.subjects.requests import details
from tests.core import pdftext
from tests.people.cast import Cast
from tests.subjects.deciding.asked import AT, HOUR, NAME, decision_of, request_of

pytestmark = [pytest.mark.django_db(databases=["default", "log"]), pytest.mark.usefixtures("vault_ready")]
TOLD = {"text": "The lock would be seen.", "searched": "Gate 1, all afternoon"}


def said(pdf: bytes | None) -> str:
    """All words of a letter on one line."""
    assert pdf is not None
    return " ".join(line for page in pdftext.pages(pdf) for line in page)


def letter(decision: Decision, told: dict[str, str] | None = None) -> str:
    return said(letters.decision_letter(decision, "en", told=TOLD if told is None else told))


def test_o28_a_refusal_says_why_on_which_ground_how_to_object_and_whom_else_to_turn_to(cast: Cast) -> None:
    request = request_of(cast)
    pdf = letters.decision_letter(decision_of(cast, request, "refused", grounds=["law"]), "en", told=TOLD)
    assert len(pdftext.pages(pdf)) == 1
    words = said(pdf)
    for each in (
        "To " + NAME, "R-2026-7K4QXM", "Mon 30 Nov 2026", "Saebyeok Freight", "Mon 16 Nov 2026",
        "cannot grant it", "The lock would be seen.", "Gate 1, all afternoon", "PIPA Art. 35(4)1",
        "Tell us until Wed 30 Dec 2026", "no part in this decision", "telephone 118", "1833-6972",
        "kept until Wed 30 Dec 2026",
    ):  # fmt: skip
        assert each in words, each


def test_finding_2_others_in_the_picture_are_named_as_the_reason_only_where_they_are(cast: Cast) -> None:
    request = request_of(cast)
    note = "That other people are in the picture is not the reason."
    assert note in letter(decision_of(cast, request, "refused", grounds=["law"]))
    assert note not in letter(decision_of(cast, request, "refused", grounds=["others"]))
    erasure = request_of(cast, reference="R-2026-AAAAAA", kind="erasure", held=False)
    assert note not in letter(decision_of(cast, erasure, "refused", grounds=["kept"]))


def test_a_part_is_granted_and_a_part_explained(cast: Cast) -> None:
    words = letter(decision_of(cast, request_of(cast), "partly", grounds=["others"]))
    assert "a part of it" in words
    assert "for 14 days" in words
    assert "unrecognisable" in words
    assert "PIPA Art. 35(4)2" in words
    assert "If you do not agree" in words


@pytest.mark.parametrize(
    ("kind", "done"),
    [("copy", "fetch it from there"), ("erasure", "cannot be restored"), ("restriction", "no longer used"),
     ("correction", "is corrected"), ("watched", "proof for each line")],
)  # fmt: skip
def test_what_is_granted_says_what_happens_now(cast: Cast, kind: str, done: str) -> None:
    words = letter(decision_of(cast, request_of(cast, kind=kind), "granted"))
    assert "we grant it" in words
    assert done in words
    assert "If you do not agree" not in words


def test_a_postponement_says_why_until_when_and_that_footage_is_kept(cast: Cast) -> None:
    until = AT + 20 * 24 * HOUR  # Sunday 6 December; ten days after it is Wednesday the 16th
    words = letter(decision_of(cast, request_of(cast), "postponed", postponed_until=until))
    assert "We need more time for your request" in words
    assert "over on Sun 6 Dec 2026" in words
    assert "on Wed 16 Dec 2026 at the latest" in words
    assert "kept until our answer, and 30 days from then" in words


def test_none_held_says_what_was_searched_and_keeps_nothing(cast: Cast) -> None:
    words = letter(decision_of(cast, request_of(cast, held=False), "none_held"))
    assert "We hold no footage of that kind" in words
    assert "Gate 1, all afternoon" in words
    assert "If you do not agree" in words
    assert "How long the footage is kept" not in words


def test_nobody_who_decided_is_named_and_the_proposer_s_remark_stays_inside(cast: Cast) -> None:
    told = {**TOLD, "remark": "he was rude on the telephone"}
    words = letter(decision_of(cast, request_of(cast), "refused", grounds=["law"]), told)
    assert cast.privacy_officer.name not in words
    assert "rude" not in words


def test_the_letter_opens_the_sealed_words_of_its_decision(cast: Cast) -> None:
    request = request_of(cast)
    decision = decision_of(cast, request, "refused", grounds=["law"])
    decision.details = details.seal(request, b'{"text": "Sealed reason."}', f"decision/{decision.pk}")
    decision.save()
    assert "Sealed reason." in said(letters.decision_letter(decision, "en"))


@pytest.mark.parametrize("language", ["ko", "ja", "en"])
def test_the_letter_is_in_the_requester_s_language_and_leaves_the_thread_in_its_own(
    cast: Cast, language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str | None] = []
    opening = letters.Section.write

    def write(self: Any, sheet: Any, number: int) -> None:
        seen.append(translation.get_language())
        opening(self, sheet, number)

    monkeypatch.setattr(letters.Section, "write", write)
    decision = decision_of(cast, request_of(cast, language=language), "refused", grounds=["law"])
    with translation.override("en"):
        assert NAME in said(letters.decision_letter(decision, told=TOLD))
        assert set(seen) == {language}
        assert translation.get_language() == "en"


def test_a_site_s_own_regulators_are_named_instead(cast: Cast, settings: Any) -> None:
    settings.LETHE_REGULATORS = ["Datenschutz Nord|telephone 0800 1"]
    words = letter(decision_of(cast, request_of(cast), "refused", grounds=["law"]))
    assert "Datenschutz Nord (telephone 0800 1)" in words
    assert "kopico" not in words


def test_europe_s_letters_name_the_court(cast: Cast) -> None:
    request = request_of(cast)
    decision = decision_of(cast, request, "refused", grounds=["law"])
    assert "go to court" not in letter(decision)
    request.jurisdiction = "EU"
    assert "go to court" in letter(decision)
    assert "GDPR Art. 23" in letter(decision)


def test_the_same_decision_is_the_same_bytes(cast: Cast) -> None:
    decision = decision_of(cast, request_of(cast), "refused", grounds=["law"])
    assert letters.decision_letter(decision, told=TOLD) == letters.decision_letter(decision, told=TOLD)


def test_the_day_in_the_letter_is_the_day_that_is_stored(cast: Cast) -> None:
    request = request_of(cast)
    decision = decision_of(cast, request, "refused", grounds=["law"])
    before = letter(decision)
    request.objection_until = words_of.objection_until(request, AT + 14 * 24 * HOUR)
    assert letter(decision) == before
    request.objection_until += timedelta(days=7)
    assert "until Wed 6 Jan 2027" in letter(decision)


def extended(cast: Cast) -> SubjectRequest:
    request = request_of(cast)
    request.jurisdiction = "EU"
    RequestAct.objects.create(
        request=request, kind="extended", facts={"how": "extension", "reason": "complex"}
    )  # fmt: skip
    return request


def test_an_extension_is_told_with_its_reason_and_the_new_day(cast: Cast) -> None:
    request = extended(cast)
    words = said(notices.extension_letter(request, "en", text="Four cameras have to be looked through."))
    assert "by two months, because the request is complex" in words
    assert "Four cameras" in words
    assert "You have our answer by" in words
    assert "edpb.europa.eu" in words


def test_what_was_not_extended_has_no_such_letter(cast: Cast) -> None:
    assert notices.extension_letter(request_of(cast)) is None


def test_every_ground_has_words_and_belongs_to_a_kind() -> None:
    for law, profile in profiles.PROFILES.items():
        codes = [each.code for each in profile.grounds]
        assert len(set(codes)) == len(codes)
        for each in profile.grounds:
            assert each.kinds <= profiles.ALL
            assert profiles.ground_text(law, each.code) == str(each.text)
        for kind in profiles.ALL:
            assert profiles.grounds_of(law, kind), (law, kind)
        assert profiles.regulators_of(law)
    assert profiles.ground_text("KR", "gone") == "gone"


def test_o35_identity_is_asked_for_as_little_as_the_request_needs() -> None:
    offered = profiles.methods_of
    assert offered("JP", kind="copy", about="person", claimant="self")[0] == "document"
    assert offered("EU", kind="copy", about="person", claimant="self")[-1] == "document"
    assert offered("KR", kind="copy", about="vehicle", claimant="self") == ("registration", "in_person")
    assert offered("KR", kind="complaint", about="person", claimant="self") == ("email", "in_person")
    assert "account" not in offered("KR", kind="copy", about="person", claimant="agent")
    assert "email" not in offered("EU", kind="copy", about="person", claimant="self")


def test_o33_guardians_and_agents_show_a_paper_more() -> None:
    papers = profiles.papers_of
    assert papers("document", about="person", claimant="self") == ("document",)
    assert papers("document", about="person", claimant="guardian") == ("document", "kinship")
    assert papers("registration", about="vehicle", claimant="agent") == (
        "document",
        "registration",
        "mandate",
    )
    assert papers("in_person", about="person", claimant="agent") == ()
    assert profiles.profile_of("KR").child_age == 14
