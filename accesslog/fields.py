"""Column types that Django does not have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import models

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper

    _BigInteger = models.BigIntegerField[int, int]
else:
    _BigInteger = models.BigIntegerField


class RowIdField(_BigInteger):
    """A 64-bit primary key that the writer chooses.

    On SQLite the type must read INTEGER exactly, or the key becomes a second B-tree beside the row id.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> Any:
        return "integer" if connection.vendor == "sqlite" else super().db_type(connection)
