"""System checks: what would turn "logged" into "maybe"."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.utils.module_loading import import_string

from accesslog import conf

_CALLABLES = ("ACCESSLOG_SEALER", "ACCESSLOG_SCOPE", "ACCESSLOG_ACTOR")


@register(Tags.database)
def check_database(**_: Any) -> list[CheckMessage]:
    """The log has a database of its own, without request transactions."""
    alias = conf.database()
    config = settings.DATABASES.get(alias)
    if config is None or alias == "default":
        hint = f"Add an alias {conf.DEFAULT_DATABASE!r} to DATABASES and name it in ACCESSLOG_DATABASE."
        return [Error("The access log has no database alias of its own.", hint=hint, id="accesslog.E001")]
    if config.get("ATOMIC_REQUESTS"):
        hint = f"Remove ATOMIC_REQUESTS from DATABASES[{alias!r}]: an entry must not wait for its request."
        return [Error("ATOMIC_REQUESTS is on for the access log.", hint=hint, id="accesslog.E002")]
    vendor = str(config["ENGINE"]).rpartition(".")[2]
    if vendor not in ("sqlite3", "postgresql"):
        hint = "Use django.db.backends.sqlite3 or django.db.backends.postgresql."
        return [Error(f"The access log cannot use {vendor}.", hint=hint, id="accesslog.E003")]
    return []


@register()
def check_injections(**_: Any) -> list[CheckMessage]:
    """Sealer, scope and actor can be imported."""
    messages: list[CheckMessage] = []
    for name in _CALLABLES:
        path = getattr(settings, name, "")
        try:
            import_string(path)
        except (ImportError, AttributeError) as error:
            messages.append(
                Error(f"{name} = {path!r} cannot be imported: {error}",
                      hint=f"Set {name} to an import string; accesslog/README.md says what it must be.",
                      id="accesslog.E004")
            )  # fmt: skip
    return messages
