"""Settings of the log, read when they are needed, and the three injected callables.

ACCESSLOG_DATABASE         alias of the log's own database (default "log")
ACCESSLOG_SEALER           import string of a `Sealer`: a class without arguments, or an instance
ACCESSLOG_SCOPE            import string of callable(user) -> accesslog.Scope | None (None: 404)
ACCESSLOG_ACTOR            import string of callable(request) -> (part of a body, IndexFields)
ACCESSLOG_CHOICES          optional import string of callable(request) -> {"actor": [(id, label)], ...}
ACCESSLOG_TIMEOUT_SECONDS  how long a caller waits for durability at most (default 5)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.http import HttpRequest
from django.utils.module_loading import import_string

from accesslog.types import IndexFields, Scope

DEFAULT_DATABASE = "log"
DEFAULT_TIMEOUT_S = 5.0


class Sealer(Protocol):
    """Seals bodies under a key per month ("YYYY-MM", UTC) and opens them again.

    `open` raises accesslog.errors.KeyGone for a destroyed key and ValueError for bytes it did not seal.
    """

    def seal(self, month: str, plaintext: bytes) -> tuple[str, bytes]: ...
    def open(self, key_id: str, sealed: bytes) -> bytes: ...


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
