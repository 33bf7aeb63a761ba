"""A month is begun, decided on and signed: by whom, in which order, and so that a change is seen."""

from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest
from django.db import Error, transaction
from django.utils import timezone

from accesslog import canonical, proofs
from accesslog import services as log_services
from accesslog.models import Flag, LogEntry, LogPrune, Review, ReviewItem
from accesslog.review import errors, judging, record, sampling, selectors, services, turns
from accesslog.review.events import DECIDED, OPENED, SIGNED
from accesslog.review.roles import Reviewer
from accesslog.selectors import load_receipt
from accesslog.types import to_us
from tests.accesslog.review import hooks
from tests.accesslog.review.conftest import Log
from tests.accesslog.review.hooks import AUDITOR, BARAM, COLLEAGUE, MINATO, OFFICER, PEOPLE, part

pytestmark = pytest.mark.django_db(databases=["default", "log"])
MONTH = "2026-03"


def begin(who: str = OFFICER) -> Review:
    return services.open_review(reviewer=PEOPLE[who], actor=part(who), site=BARAM, month=MONTH)


def decide(who: str, item: ReviewItem, verdict: str = "fine", comment: str = "") -> ReviewItem:
    return services.decide(
        reviewer=PEOPLE[who], actor=part(who), site=BARAM, item=item, verdict=verdict, comment=comment
    )


def sign(who: str, review: Review, comment: str = "") -> Review:
    return services.sign(reviewer=PEOPLE[who], actor=part(who), site=BARAM, review=review, comment=comment)


def bodies(kind: str) -> list[dict[str, Any]]:
    indexes = LogEntry.objects.filter(kind=kind).order_by("index").values_list("index", flat=True)
    return [dict(load_receipt(index).body) for index in indexes]


@pytest.fixture
def march(log: Log) -> dict[str, int]:
    """A marked entry of a guard, a marked one of the officer, one of another site, one before the month."""
    log(at=-24 * 3)
    return {
        "late": log(at=13),
        "own": log(at=14, actor=OFFICER),
        "plain": log(at=24),
        "elsewhere": log(at=25, site="minato"),
    }


@pytest.mark.both_databases
def test_a_review_holds_what_is_marked_and_what_is_drawn(log: Log) -> None:
    plain = [log(at=2 * n / 10, camera=f"c{n}") for n in range(30)]
    late = log(at=13)
    copied = log("test.copied", at=14, camera="")
    log("test.covered", at=15)  # neither marked nor of a kind that is drawn
    review = begin()
    items = {item.index: item for item in review.items.all()}
    assert {late, copied} <= set(items)
    drawn = sorted(index for index, item in items.items() if item.sampled)
    assert len(drawn) == 10
    assert set(drawn) <= {*plain, late, copied}
    assert review.entries == 33
    opened = bodies(OPENED)[0]
    assert (opened["items"], opened["sampled"], opened["entries"]) == (len(items), 10, 33)
    # Anybody can draw again: from what the entry says and the numbers of the candidates.
    seed = sampling.seed_of(
        site="baram", month=MONTH, size=opened["end"], root=bytes.fromhex(opened["root"])
    )  # fmt: skip
    assert sampling.draw(reversed([*plain, late, copied]), seed=seed, count=10) == drawn
    other = sampling.seed_of(site="baram", month=MONTH, size=opened["end"], root=b"\x01" * 32)
    assert sampling.draw([*plain, late, copied], seed=other, count=10) != drawn


def test_a_review_is_begun_once_and_about_its_own_site_and_month(march: dict[str, int]) -> None:
    review = begin()
    assert begin(COLLEAGUE) == review
    assert len(bodies(OPENED)) == 1
    assert set(review.items.values_list("index", flat=True)) == {
        march["late"], march["own"], march["plain"]
    }  # fmt: skip


def test_a_month_that_runs_cannot_be_reviewed_yet(march: dict[str, int]) -> None:
    with pytest.raises(errors.MonthNotOver):
        services.open_review(reviewer=PEOPLE[OFFICER], actor=part(OFFICER), site=BARAM, month="2199-12")
    with pytest.raises(errors.NotYours):
        services.open_review(reviewer=PEOPLE[OFFICER], actor=part(OFFICER), site=MINATO, month=MONTH)


def test_nobody_decides_on_their_own_entries_and_an_officers_go_to_the_auditor(
    march: dict[str, int],
) -> None:
    review = begin()
    own, late = review.items.get(index=march["own"]), review.items.get(index=march["late"])
    for who in (OFFICER, COLLEAGUE):
        with pytest.raises(errors.NotYours):
            decide(who, own)
    with pytest.raises(errors.NotYours):
        decide(AUDITOR, late)
    both = Reviewer(OFFICER, officer=frozenset({"baram"}), auditor=frozenset({"baram"}))
    with pytest.raises(errors.NotYours):
        services.decide(reviewer=both, actor=part(OFFICER), site=BARAM, item=own, verdict="fine")
    assert decide(AUDITOR, own).decided_by == AUDITOR
    assert decide(OFFICER, late).decided_by == OFFICER
    assert [body["capacity"] for body in bodies(DECIDED)] == ["auditor", "officer"]


def test_what_is_to_be_followed_up_needs_a_comment_which_is_sealed(march: dict[str, int]) -> None:
    review = begin()
    item = review.items.get(index=march["late"])
    with pytest.raises(errors.CommentMissing):
        decide(OFFICER, item, "follow_up", "  ")
    decide(OFFICER, item, "follow_up", "ask Minji why")
    assert b"ask Minji" not in bytes(item.comment_sealed or b"")
    assert (services.comment_of(item) or {})["comment"] == "ask Minji why"
    assert bodies(DECIDED)[0]["comment"] == "ask Minji why"


def decided(march: dict[str, int]) -> Review:
    review = begin()
    for item in review.items.all():
        decide(AUDITOR if item.actor == OFFICER else OFFICER, item)
    return review


@pytest.mark.both_databases
def test_a_review_is_signed_once_everything_is_decided_and_never_changes_again(
    march: dict[str, int],
) -> None:
    review = begin()
    for item in review.items.all():
        with pytest.raises(errors.StillOpen):
            sign(OFFICER, review)
        decide(AUDITOR if item.actor == OFFICER else OFFICER, item)
    with pytest.raises(errors.NotYours):
        sign(AUDITOR, review)
    signed = sign(OFFICER, review, "a quiet month")
    said = bodies(SIGNED)
    assert len(said) == 1
    assert said[0]["sha256"] == bytes(signed.signed_sha256 or b"").hex()
    assert (said[0]["fine"], said[0]["follow_up"], said[0]["items"]) == (3, 0, 3)
    assert said[0]["comment"] == "a quiet month"
    assert record.state(Review.objects.get(pk=review.pk)) == record.STANDS
    with pytest.raises(errors.AlreadySigned):
        sign(COLLEAGUE, signed)
    with pytest.raises(errors.AlreadySigned):
        decide(OFFICER, signed.items.select_related("review").get(index=march["late"]), "follow_up", "x")
    with pytest.raises(Error, match="a signed review stays"), transaction.atomic(using="log"):
        Review.objects.filter(pk=review.pk).update(entries=1)
    with pytest.raises(Error, match="a signed review stays"), transaction.atomic(using="log"):
        Review.objects.filter(pk=review.pk)._raw_delete("log")


TAMPERINGS: dict[str, Any] = {
    "a verdict": lambda review: review.items.filter(actor="minji").update(verdict="follow_up"),
    "who decided": lambda review: review.items.update(decided_by="somebody"),
    "a comment": lambda review: review.items.update(comment_sealed=b"other"),
    "an item taken out": lambda review: review.items.order_by("index").last().delete(),
    "an item put in": lambda review: ReviewItem.objects.create(review=review, index=0, verdict="fine"),
    "a flag taken out": lambda review: Flag.objects.filter(rule="outside_duty").first().delete(),  # type: ignore[union-attr]
    "the facts of a flag": lambda review: Flag.objects.update(facts={"at": "12:00", "hours": []}),
}


@pytest.mark.parametrize("what", TAMPERINGS)
def test_invariant_6_a_change_behind_a_signature_is_seen(march: dict[str, int], what: str) -> None:
    signed = sign(OFFICER, decided(march))
    TAMPERINGS[what](signed)
    assert record.state(Review.objects.get(pk=signed.pk)) == record.CHANGED


def test_invariant_6_a_row_signed_anew_does_not_fit_its_entry(
    march: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = sign(OFFICER, decided(march))
    signed.items.update(verdict="follow_up")
    forged = services._digest(
        signed, PEOPLE[OFFICER], bytes(signed.comment_sealed or b""), signed.signed_us or 0
    )
    signed.signed_sha256 = forged
    assert record.state(signed) == record.CHANGED


def test_a_pruned_month_is_erased_and_not_called_changed(march: dict[str, int]) -> None:
    signed = sign(OFFICER, decided(march))
    prune = log_services.append(
        kind="log.prune", body={"kinds": ["test.opened"], "below": march["plain"], "reason": "three years"}
    )
    LogPrune.objects.create(index=prune.index, kind="test.opened", below=march["plain"])
    assert record.state(signed) == record.STANDS
    signed.items.filter(index=march["late"]).delete()
    assert record.state(signed) == record.ERASED


def test_a_flag_raised_later_is_no_part_of_what_was_signed(march: dict[str, int]) -> None:
    signed = sign(OFFICER, decided(march))
    Flag.objects.create(
        index=march["plain"], rule="new", site="baram", month=MONTH, raised_us=(signed.signed_us or 0) + 1
    )
    assert record.state(signed) == record.STANDS


def test_no_signed_row_without_its_entry(march: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    from accesslog.errors import LogUnavailable

    review = decided(march)

    def down(**_: Any) -> None:
        raise LogUnavailable

    with monkeypatch.context() as patch:
        patch.setattr(log_services, "append", down)
        with pytest.raises(LogUnavailable):
            sign(OFFICER, review)
    assert Review.objects.get(pk=review.pk).signed_us is None


@pytest.mark.both_databases
def test_who_decides_or_signs_waits_for_whoever_signs_now(
    march: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    review, other = decided(march), begin()
    monkeypatch.setattr(turns, "PATIENCE_S", 0.1)
    real = log_services.append
    refused: list[Any] = []

    def meanwhile(**given: Any) -> Any:
        if given["kind"] == SIGNED:
            for act in (lambda: decide(OFFICER, item, "follow_up", "x"), lambda: sign(COLLEAGUE, other)):
                with pytest.raises(errors.ReviewBusy):
                    act()
                refused.append(act)
        return real(**given)

    item = review.items.select_related("review").get(index=march["late"])
    before = len(bodies(DECIDED))
    monkeypatch.setattr(log_services, "append", meanwhile)
    sign(OFFICER, review)
    assert len(refused) == 2
    assert (len(bodies(DECIDED)), len(bodies(SIGNED))) == (before, 1)
    assert record.state(Review.objects.get(pk=review.pk)) == record.STANDS


def test_invariant_6_the_log_has_no_entry_of_what_was_refused(march: dict[str, int]) -> None:
    review = decided(march)
    stale = Review.objects.get(pk=review.pk)
    late = review.items.select_related("review").get(index=march["late"])
    shown = record.fingerprint(review)
    decide(OFFICER, late, "follow_up", "why at night?")
    with pytest.raises(errors.ReviewMoved):
        services.sign(
            reviewer=PEOPLE[OFFICER], actor=part(OFFICER), site=BARAM, review=review, shown=shown
        )  # fmt: skip
    late = review.items.select_related("review").get(index=march["late"])
    sign(OFFICER, review)
    with pytest.raises(errors.AlreadySigned):
        sign(COLLEAGUE, stale)
    before = len(bodies(DECIDED))
    with pytest.raises(errors.AlreadySigned):
        decide(OFFICER, late)
    assert (len(bodies(DECIDED)), len(bodies(SIGNED))) == (before, 1)


def test_a_flag_raised_while_the_entry_is_made_is_no_change(
    march: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    review, real = decided(march), log_services.append

    def meanwhile(**given: Any) -> Any:
        Flag.objects.create(
            index=march["plain"], rule="new", site="baram", month=MONTH, raised_us=to_us(timezone.now())
        )  # fmt: skip
        return real(**given)

    monkeypatch.setattr(log_services, "append", meanwhile)
    assert record.state(sign(OFFICER, review)) == record.STANDS


def test_what_is_signed_is_one_canonical_text_however_it_is_read(
    march: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    review = decided(march)
    given: dict[str, Any] = {"signed_by": OFFICER, "comment_sealed": b"x", "flags_until_us": 2**53 - 1}
    whole = record.digest(review, **given)
    monkeypatch.setattr(record, "_CHUNK", 2)
    assert record.digest(review, **given) == whole
    rows = list(review.items.order_by("index").values_list(*record._ROW))
    root = proofs.root_at(review.end)
    text: dict[str, Any] = {
        "format": "accesslog-review-1", "review": str(review.pk), "site": "baram", "month": MONTH,
        "first": review.first, "end": review.end, "entries": 3, "root": root.hex(),
        "seed": sampling.seed_of(site="baram", month=MONTH, size=review.end, root=root).hex(),
        "opened": {"by": OFFICER, "us": review.opened_us}, "items": record._chunk(rows, 2**53 - 1),
        "comment": sha256(b"x").hexdigest(), "signed_by": OFFICER,
    }  # fmt: skip
    assert whole == sha256(canonical.encode(text)).digest()


def test_officers_who_are_auditors_too_do_not_clear_each_other(march: dict[str, int]) -> None:
    review = begin()
    own = review.items.get(index=march["own"])
    both = Reviewer(COLLEAGUE, officer=frozenset({"baram"}), auditor=frozenset({"baram"}))
    with pytest.raises(errors.NotYours):
        services.decide(reviewer=both, actor=part(COLLEAGUE), site=BARAM, item=own, verdict="fine")
    assert list(selectors.items_of(review, both, BARAM, only="mine").values_list("index", flat=True)) == [
        march["late"], march["plain"]
    ]  # fmt: skip
    alone = replace(BARAM, auditors=BARAM.officers)
    assert alone.without_auditor
    assert not replace(BARAM, auditors=frozenset({OFFICER, AUDITOR})).without_auditor


def test_the_rules_look_at_the_whole_month_before_it_is_reviewed(
    march: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(judging, "judge", lambda **_: judging.Judged(mark=1))
    with pytest.raises(errors.RulesNotDone):
        begin()
    assert bodies(OPENED) == []


def test_the_list_says_what_waits_for_whom(march: dict[str, int], settings: Any) -> None:
    import datetime

    since = datetime.datetime.now(datetime.UTC) - datetime.timedelta(days=45)
    site = type(BARAM)("baram", "Baram Hub", "Asia/Seoul", since, BARAM.officers)
    assert selectors.waits(
        selectors.Month(site, MONTH, selectors.NOT_BEGUN, due=since.date(), may_sign=True)
    )  # fmt: skip
    counts = {}
    review = begin()
    for who in (OFFICER, COLLEAGUE, AUDITOR):
        counts[who] = selectors._counts(PEOPLE[who], [BARAM], [review])[review.pk]
    assert counts == {OFFICER: (3, 0, 2), COLLEAGUE: (3, 0, 2), AUDITOR: (3, 0, 1)}
    assert hooks.STEPPED == []
