"""A guessed reference, somebody else's secret, a thousand tries: nothing opens, and nobody is kept out."""

import pytest
from django.core.cache import cache

from cctv.disclosure.handing import tokens
from cctv.subjects.requests import access, messages
from cctv.subjects.requests.errors import NotOpened, TooManyAttempts
from cctv.subjects.requests.models import SubjectRequest
from cctv.subjects.requests.receiving import Received
from cctv.subjects.requests.reference import new_secret, read_reference
from cctv.vault.errors import WrongKey
from tests.subjects.requests.counter import HOUR, TERMINAL, Counter

pytestmark = [pytest.mark.django_db(databases=["default", "log"])]

ELSEWHERE = "198.51.100.{}"


@pytest.fixture
def received(counter: Counter) -> Received:
    """A request that somebody waits for."""
    return counter.ask(counter.court.yard.segment(expires_in=HOUR))


def tried(reference: str, secret: str, terminal: str = TERMINAL) -> SubjectRequest | str:
    """The request, or the code of the refusal."""
    try:
        return access.open_request(reference, secret, terminal=terminal)
    except (NotOpened, TooManyAttempts) as refused:
        return refused.code


def test_it_opens_however_it_was_typed(received: Received) -> None:
    reference, secret = received.request.reference, received.secret
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in reference.lower())
    for typed in (reference, f"  {reference.lower()} ", wide, reference.replace("-", " "),
                  reference.replace("-", "−"), reference.replace("-", "ー")):  # fmt: skip
        assert tried(typed, secret.lower().replace("-", " ")) == received.request, typed


@pytest.mark.parametrize("text", ["", "R-2026", "R-2026-ABCDEFG", "X-2026-ABCDEF", "%", "R-2026-ABCDEF\n\n"])
def test_what_is_no_reference_is_none(text: str) -> None:
    assert read_reference(text) in ("", "R-2026-ABCDEF")


def test_another_requests_secret_and_an_unknown_reference_get_the_same_answer(
    counter: Counter, received: Received
) -> None:
    other = counter.ask(counter.court.yard.segment(expires_in=HOUR))
    assert other.secret != received.secret
    wrong = tried(received.request.reference, other.secret)
    assert wrong == tried("R-2026-ABCDEF", received.secret) == tried("", "") == "request_not_opened"


def test_an_unknown_reference_takes_the_same_work(
    received: Received, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[str] = []
    hashing = tokens.code_hash

    def code_hash(code: str, salt: bytes) -> bytes:
        hashed.append(code)
        return hashing(code, salt)

    monkeypatch.setattr(tokens, "code_hash", code_hash)
    for reference in (received.request.reference, "R-2026-ABCDEF", "nothing at all"):
        tried(reference, "AAAA-AAAA-AAAA-AAAA")
    assert len(hashed) == 3


@pytest.mark.parametrize("known", [True, False])
def test_guessing_waits_and_does_not_tell_whether_there_is_such_a_request(
    received: Received, known: bool
) -> None:
    reference = received.request.reference if known else "R-2026-ABCDEF"
    answers = [tried(reference, new_secret(), ELSEWHERE.format(1)) for _n in range(12)]
    assert answers == ["request_not_opened"] * 10 + ["request_attempts"] * 2


def test_one_address_waits_whatever_it_guesses(received: Received) -> None:
    answers = [tried(f"R-2026-AAAA{n:02}", "x", f"2001:db8::{n}") for n in range(31)]
    assert answers == ["request_not_opened"] * 30 + ["request_attempts"]
    assert tried(received.request.reference, received.secret, "2001:db8:1::1") == received.request


def test_what_others_guess_keeps_nobody_out(received: Received) -> None:
    reference = received.request.reference
    for n in range(20):
        assert tried(reference, new_secret(), ELSEWHERE.format(n)) == "request_not_opened"
    # Never opened before: from where it was filed, and from anywhere else.
    assert tried(reference, received.secret) == received.request
    assert tried(reference, received.secret, ELSEWHERE.format(77)) == received.request
    for _n in range(12):  # but guesses from there wait as well
        tried(reference, new_secret())
    assert tried(reference, received.secret) == "request_attempts"


def test_neighbours_who_guess_keep_nobody_out_where_a_request_was_filed(received: Received) -> None:
    for n in range(40):
        tried(f"R-2026-AAAA{n:02}", "x")
    assert tried("R-2026-ABCDEF", "x") == "request_attempts"
    assert tried(received.request.reference, received.secret) == received.request


def test_a_crowd_of_counts_throws_none_away(received: Received) -> None:
    for _n in range(11):
        tried("R-2026-ABCDEF", "x", ELSEWHERE.format(1))
    for n in range(2_000):
        cache.add(f"portal/pages/{n}", 1)
    assert tried("R-2026-ABCDEF", "x", ELSEWHERE.format(1)) == "request_attempts"


def test_nobody_waits_for_good(received: Received) -> None:
    for _n in range(12):
        tried(received.request.reference, new_secret())
    assert tried(received.request.reference, received.secret) == "request_attempts"
    assert access.WINDOW_S == 600
    cache.clear()  # the ten minutes are over
    assert tried(received.request.reference, received.secret) == received.request


def test_a_secret_has_the_bits_it_says_and_a_new_one_ends_the_old(
    counter: Counter, received: Received
) -> None:
    assert len(received.secret.replace("-", "")) == 16
    assert set(received.secret) <= {*tokens.ALPHABET, "-"}
    again = access.new_secret(received.request, actor=counter.court.people.officer, terminal="10.0.0.7")
    assert tried(received.request.reference, received.secret) == "request_not_opened"
    assert tried(received.request.reference, again) == received.request
    (told,) = counter.court.said("request.secret")
    assert told["actor"]["role"] == "privacy_officer"


def test_messages_cannot_be_opened_as_those_of_another_request(counter: Counter, received: Received) -> None:
    other = counter.ask(counter.court.yard.segment(expires_in=HOUR))
    row = messages.add(received.request, "mine", terminal=TERMINAL)
    row.request = other.request
    row.save()
    with pytest.raises(WrongKey):
        messages.listing(other.request)
