"""Settings of the log, read when they are needed, and the three injected callables.

ACCESSLOG_DATABASE         alias of the log's own database (default "log")
ACCESSLOG_SEALER           import string of a `Sealer`: a class without arguments, or an instance
ACCESSLOG_SCOPE            import string of callable(user) -> accesslog.Scope | None (None: 404)
ACCESSLOG_ACTOR            import string of callable(request) -> (part of a body, IndexFields)
ACCESSLOG_CHOICES          optional import string of callable(request) -> {"actor": [(id, label)], ...}
ACCESSLOG_GROUPS           optional import string of a sequence of accesslog.desk.groups.Group
ACCESSLOG_LABELS           optional import string of {field of a body: its label}
ACCESSLOG_WORDS            optional import string of {field of a body: {code: what it means}}
ACCESSLOG_PDF              optional import string of callable(title, meta, columns, rows) -> bytes
ACCESSLOG_LINKS            optional import string of callable(user, path, site id or "") -> bool: may they
                           open this page, which an entry is about? (default: yes)
ACCESSLOG_ALARM            optional import string of callable(what=…, entry=…, advice=…): tell people that a
                           verification has found something wrong at this entry
ACCESSLOG_TIMEOUT_SECONDS  how long a caller waits for durability at most (default 5)

Of publishing (accesslog.publish), which is off without a folder:

ACCESSLOG_FOLDER           folder of the published files, and of the signer's memory
ACCESSLOG_SIGNER           import string of a `Signer`: a class without arguments, or an instance
ACCESSLOG_COPIES           further folders that get the same files; other disks, other hosts
ACCESSLOG_WITNESSES        who is asked for a signature each minute, each "<verifier key> <address>"
ACCESSLOG_PUBLIC           whether the files are shown without signing in (default: who may read the log)

Of the review, which is optional (accesslog.review):
ACCESSLOG_SITES            import string of callable() -> sequence of accesslog.review.roles.ReviewSite
ACCESSLOG_REVIEWERS        import string of callable(user) -> accesslog.review.roles.Reviewer | None (404)
ACCESSLOG_RULES            import strings of flag rules (accesslog.review.rules.Rule)
ACCESSLOG_REVIEWED         kinds of entry that the sample is drawn from and the charts count
ACCESSLOG_STEP_UP          import string of callable(request) that raises unless the password was just given
ACCESSLOG_REVIEW_DUE_DAYS  how many days into the next month a review is due (default 20)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

from accesslog.review.roles import Reviewer, ReviewSite
from accesslog.types import IndexFields, Scope

DEFAULT_DATABASE = "log"
DEFAULT_TIMEOUT_S = 5.0


class Sealer(Protocol):
    """Seals bodies under a key per period and opens them again.

    A period is a UTC month ("2026-11"), for other retention classes than the default with the class behind it
    ("2026-11.ledger"). What is kept equally long ends with its period's key.

    `open` raises accesslog.errors.KeyGone for a destroyed key and ValueError for bytes it did not seal.
    """

    def seal(self, period: str, plaintext: bytes) -> tuple[str, bytes]: ...
    def open(self, key_id: str, sealed: bytes) -> bytes: ...


class Signer(Protocol):
    """Signs checkpoints. `origin` names the log, and is the name of its key; it never changes."""

    @property
    def origin(self) -> str: ...
    def verifier_key(self) -> str: ...
    def sign(self, text: str) -> str: ...


_loaded: dict[str, Any] = {}


def database() -> str:
    return str(getattr(settings, "ACCESSLOG_DATABASE", DEFAULT_DATABASE))


def timeout_s() -> float:
    return float(getattr(settings, "ACCESSLOG_TIMEOUT_SECONDS", DEFAULT_TIMEOUT_S))


def sealer() -> Sealer:
    """The injected sealer, made once per process."""
    return _load("ACCESSLOG_SEALER", make=True)  # type: ignore[no-any-return]


def scope_of(user: Any) -> Scope | None:
    return _load("ACCESSLOG_SCOPE")(user)  # type: ignore[no-any-return]


def actor_of(request: HttpRequest) -> tuple[Mapping[str, Any], IndexFields]:
    return _load("ACCESSLOG_ACTOR")(request)  # type: ignore[no-any-return]


def choices_for(request: HttpRequest) -> Mapping[str, Sequence[tuple[str, str]]] | None:
    """The ids and labels that the filters offer, or None where the project injects nothing."""
    if not getattr(settings, "ACCESSLOG_CHOICES", ""):
        return None
    choices: Callable[[HttpRequest], Mapping[str, Sequence[tuple[str, str]]]] = _load("ACCESSLOG_CHOICES")
    return choices(request)


def review_sites() -> list[ReviewSite]:
    """The sites whose months are reviewed; none where the project injects nothing."""
    return list(_load("ACCESSLOG_SITES")()) if getattr(settings, "ACCESSLOG_SITES", "") else []


def reviewer_of(user: Any) -> Reviewer | None:
    """What of the reviews is this person's business; None hides them."""
    return _load("ACCESSLOG_REVIEWERS")(user) if getattr(settings, "ACCESSLOG_REVIEWERS", "") else None


def rules() -> list[Any]:
    """The flag rules, as they are listed; a class is made once without arguments."""
    found = []
    for path in getattr(settings, "ACCESSLOG_RULES", ()):
        if (rule := _loaded.get(path)) is None:
            made = import_string(path)
            rule = _loaded[path] = made() if isinstance(made, type) else made
        found.append(rule)
    return found


def reviewed_kinds() -> list[str]:
    """What the sample is drawn from and the charts count."""
    return sorted(getattr(settings, "ACCESSLOG_REVIEWED", ()))


def step_up(request: HttpRequest) -> None:
    """Go on only if the person has just confirmed who they are, as far as the project asks for it."""
    if getattr(settings, "ACCESSLOG_STEP_UP", ""):
        _load("ACCESSLOG_STEP_UP")(request)


def review_due_days() -> int:
    return int(getattr(settings, "ACCESSLOG_REVIEW_DUE_DAYS", 20))


def may_open(user: Any, path: str, site: str) -> bool:
    """Whether the reader may open this page of the project, about the site with this id ("" for none)."""
    if not getattr(settings, "ACCESSLOG_LINKS", ""):
        return True
    return bool(_load("ACCESSLOG_LINKS")(user, path, site))


def groups() -> Sequence[Any]:
    """The project's groups of kinds (accesslog.desk.groups.Group); none where it injects none."""
    return _load("ACCESSLOG_GROUPS") if getattr(settings, "ACCESSLOG_GROUPS", "") else ()


def labels() -> Mapping[str, Any]:
    """The project's labels of fields; none where it injects none."""
    return _load("ACCESSLOG_LABELS") if getattr(settings, "ACCESSLOG_LABELS", "") else {}


def words(field: str) -> Mapping[str, Any]:
    """What the codes of a field mean; nothing where the project does not say."""
    return _load("ACCESSLOG_WORDS").get(field, {}) if getattr(settings, "ACCESSLOG_WORDS", "") else {}


def alarm(*, what: str, entry: int, advice: str) -> None:
    """Tell whom the project names; nobody where it injects nothing. Raises what the project raises."""
    if getattr(settings, "ACCESSLOG_ALARM", ""):
        _load("ACCESSLOG_ALARM")(what=what, entry=entry, advice=advice)


def pdf_writer() -> Callable[..., bytes] | None:
    """callable(title, meta, columns, rows) -> bytes, or None where the project makes no PDF.

    `meta` is [(label, text)], `columns` is [(title, share of the width)], `rows` are as many texts each.
    """
    return _load("ACCESSLOG_PDF") if getattr(settings, "ACCESSLOG_PDF", "") else None


def folder() -> Path | None:
    """Where the log is published, and where the signer's memory lies; None where nothing is published."""
    path = getattr(settings, "ACCESSLOG_FOLDER", "")
    return Path(str(path)) if path else None


def copies() -> list[Path]:
    """Further folders that get the published files."""
    return [Path(str(path)) for path in getattr(settings, "ACCESSLOG_COPIES", ())]


def signer() -> Signer:
    """The injected signer, made once per process."""
    return _load("ACCESSLOG_SIGNER", make=True)  # type: ignore[no-any-return]


def is_public() -> bool:
    """Whether anybody may read the published files."""
    return bool(getattr(settings, "ACCESSLOG_PUBLIC", False))


def _load(name: str, *, make: bool = False) -> Any:
    found = _loaded.get(name)
    if found is None:
        path = getattr(settings, name, "")
        if not path:
            raise ImproperlyConfigured(f"{name} is not set; the access log cannot work without it")
        found = import_string(path)
        if make and isinstance(found, type):
            found = found()
        _loaded[name] = found
    return found


def _forget(*, setting: str, **_: Any) -> None:
    if setting.startswith("ACCESSLOG_"):
        _loaded.clear()


setting_changed.connect(_forget)
