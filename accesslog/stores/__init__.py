"""How the writer talks to its database: one small store per vendor."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connections

from accesslog.stores.base import Store


def open_store(alias: str, patience_s: float) -> Store:
    """A store on a new connection of its own. Raises StoreUnavailable."""
    settings: dict[str, Any] = connections[alias].settings_dict
    vendor = str(settings["ENGINE"]).rpartition(".")[2]
    if vendor == "sqlite3":
        from accesslog.stores.sqlite import SqliteStore

        return SqliteStore(alias, patience_s)
    if vendor == "postgresql":
        from accesslog.stores.postgresql import PostgresqlStore

        return PostgresqlStore(alias, patience_s)
    raise ImproperlyConfigured(f"the access log cannot use the database engine {vendor}")
