"""Triggers: a line of the ledger never changes and never goes, whoever's code asks.

Only the index of its log entry is filled in once, after the line. A later migration that rebuilds the table on
SQLite drops its triggers: it must make them again with `create`. When old lines are to expire, another migration
replaces `ledger_line_kept`.
"""

from django.db import migrations

TABLE = "cctv_ledgerline"
COLUMNS = ["id", "year", "sequence", "kind", "site_id", "at", "item", "form", "handler", "reason", "recipient", "ground", "provided_as", "footage_from", "footage_to", "cycle", "checked_at", "source"]  # fmt: skip
KEPT, FIXED = "a line of the ledger is never deleted", "a line of the ledger never changes"


def statements(vendor):
    if vendor == "sqlite":
        changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in COLUMNS)
        yield (f"CREATE TRIGGER ledger_line_kept BEFORE DELETE ON {TABLE} "
               f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END")  # fmt: skip
        yield (f"CREATE TRIGGER ledger_line_fixed BEFORE UPDATE ON {TABLE} "
               f"WHEN OLD.entry IS NOT NULL OR {changed} BEGIN SELECT RAISE(ABORT, '{FIXED}'); END")  # fmt: skip
        # INSERT OR REPLACE deletes without firing delete triggers.
        same = "e.id = NEW.id OR e.source = NEW.source OR (e.year = NEW.year AND e.sequence = NEW.sequence)"
        there = f"EXISTS (SELECT 1 FROM {TABLE} e WHERE {same})"  # noqa: S608
        yield (f"CREATE TRIGGER ledger_line_not_replaced BEFORE INSERT ON {TABLE} WHEN {there} "
               f"BEGIN SELECT RAISE(ABORT, 'UNIQUE constraint: the ledger has this line already'); END")  # fmt: skip
        return
    changed = " OR ".join(f"NEW.{name} IS DISTINCT FROM OLD.{name}" for name in COLUMNS)
    yield ("CREATE FUNCTION ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS "
           "$$BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END$$")  # fmt: skip
    yield (f"CREATE TRIGGER ledger_line_kept BEFORE DELETE ON {TABLE} FOR EACH ROW "
           f"EXECUTE FUNCTION ledger_refuse('{KEPT}')")  # fmt: skip
    yield (f"CREATE TRIGGER ledger_line_fixed BEFORE UPDATE ON {TABLE} FOR EACH ROW "
           f"WHEN (OLD.entry IS NOT NULL OR {changed}) EXECUTE FUNCTION ledger_refuse('{FIXED}')")  # fmt: skip
    yield (f"CREATE TRIGGER ledger_not_emptied BEFORE TRUNCATE ON {TABLE} "
           f"EXECUTE FUNCTION ledger_refuse('{KEPT}')")  # fmt: skip


def create(apps, schema_editor):
    """The triggers of this database; nothing on the log's own."""
    if schema_editor.connection.alias != "default":
        return
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("cctv", "0002_purge_proof")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop, elidable=False)]
