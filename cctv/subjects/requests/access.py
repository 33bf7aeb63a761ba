"""Reference and secret open a request. Unknown and wrong look alike, take as long, and wait alike.

Wrong attempts are counted in memory, for each network: all of them, and those at one reference, known or not.
What is guessed elsewhere keeps nobody out: a reference stands on slips and letters, and 80 random bits need
no count. Whoever filed it from where they are, or opened it there before, waits for no neighbour either.
"""

import ipaddress
from collections.abc import Iterable
from contextlib import suppress
from hashlib import sha256

from django.core.cache import cache
from django.views.decorators.debug import sensitive_variables

from cctv.disclosure.handing import tokens
from cctv.people.models import Account
from cctv.subjects.requests import reference as references
from cctv.subjects.requests import remembered, story
from cctv.subjects.requests.errors import NotOpened, TooManyAttempts
from cctv.subjects.requests.models import RequestActKind, RequestState, SubjectRequest

PER_REFERENCE, PER_NETWORK = 10, 30
WINDOW_S = 600
# Pictures for a new secret in a day: each is looked at by a person.
PICTURES_PER_REFERENCE, PICTURES_PER_NETWORK = 3, 10
RECOVERY_S = 86_400
KNOWN_S = 30 * 86_400
_NOBODY = (b"\0" * tokens.SALT_BYTES, b"\0" * 32)


@sensitive_variables()
def open_request(reference: str, secret: str, *, terminal: str) -> SubjectRequest:
    """The request that both belong to. NotOpened for every other pair; TooManyAttempts."""
    named, network = references.read_reference(reference), _network(terminal)
    buckets = _buckets(named, network, PER_NETWORK, [(_key("own", named, network), PER_REFERENCE)])
    _keep_pace(buckets)
    found = SubjectRequest.objects.select_related("site", "hold").filter(reference=named).first()
    salt, kept = _NOBODY
    if found is not None and found.secret_hash and found.state != RequestState.ENDED:
        salt, kept = bytes(found.secret_salt), bytes(found.secret_hash)
    if not tokens.fits(secret, salt=salt, kept=kept) or found is None:
        for key, _most in buckets:
            _count(key)
        raise NotOpened
    know(named, terminal=terminal)
    return found


def know(reference: str, *, terminal: str) -> None:
    """Its requester was there: they filed it from this network, or have opened it."""
    named = references.read_reference(reference)
    cache.set(_key("known", named, _network(terminal)), 1, timeout=KNOWN_S)


def new_secret(request: SubjectRequest, *, actor: Account | None = None, terminal: str = "") -> str:
    """A fresh secret, shown once; the one before opens nothing any more. LogUnavailable."""
    if request.secret_hash:
        story.act(request, RequestActKind.SECRET, actor=actor, terminal=terminal)
    secret = references.new_secret()
    salt = tokens.new_salt()
    request.secret_salt, request.secret_hash = salt, tokens.code_hash(secret, salt)
    request.save(update_fields=["secret_salt", "secret_hash"])
    # Before it is told to anybody: an older register that is put back knows the request, and the secret.
    remembered.tell(request)
    return secret


def count_recovery(reference: str, *, terminal: str) -> list[str]:
    """Somebody shows who they are for a new secret: counted before anything is read, so that many at once are
    no more than many after one another. What was counted, for `uncount_recovery`.

    TooManyAttempts. A network from which it was opened before has a count of its own here too, so that who
    only knows the reference keeps nobody from theirs. The same for a reference that nobody has.
    """
    named, network = references.read_reference(reference), _network(terminal)
    own = [(_key("lost/own", named, network), PICTURES_PER_REFERENCE)]
    if not _is_known(named, network):  # each is looked at by a person
        own.append((_key("lost/reference", named), PICTURES_PER_REFERENCE))
    buckets = _buckets(named, network, PICTURES_PER_NETWORK, own, "lost/")
    counted: list[str] = []
    for key, most in buckets:
        counted.append(key)
        if _count(key, RECOVERY_S) > most:
            uncount_recovery(counted)
            raise TooManyAttempts
    return counted


def uncount_recovery(keys: Iterable[str]) -> None:
    """It came to nothing: there was no picture, or no place for it."""
    for key in keys:
        with suppress(ValueError):  # it has just run out
            cache.decr(key)


def _keep_pace(buckets: list[tuple[str, int]]) -> None:
    if any(int(cache.get(key, 0)) >= most for key, most in buckets):
        raise TooManyAttempts


def _buckets(
    named: str, network: str, of_network: int, own: list[tuple[str, int]], what: str = ""
) -> list[tuple[str, int]]:
    """What is counted: of a network that is not known for this reference also all that comes from there."""
    return own if _is_known(named, network) else [*own, (_key(f"{what}network", network), of_network)]


def _is_known(named: str, network: str) -> bool:
    return bool(cache.get(_key("known", named, network)))


def _count(key: str, window_s: int = WINDOW_S) -> int:
    if cache.add(key, 1, timeout=window_s):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it has just run out
        cache.add(key, 1, timeout=window_s)
        return 1


def _key(what: str, *whose: str) -> str:
    return f"request/{what}/{sha256('/'.join(whose).encode()).hexdigest()[:32]}"


def _network(terminal: str) -> str:
    try:
        address = ipaddress.ip_address(terminal)
    except ValueError:
        return terminal
    return terminal if address.version == 4 else str(ipaddress.ip_network((int(address), 64), strict=False))
