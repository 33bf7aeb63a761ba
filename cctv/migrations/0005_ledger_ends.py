"""A line of the ledger may go once an end of records of the class "ledger" covers its month, and not before.

The erasure's row must be past its first step: by then the log has said what ends. Nothing else changes: a line is
never altered, and no younger one is ever deleted. A later migration that rebuilds the ledger's table on SQLite
drops its triggers: it must make them again with `create` of 0003 and of this one.
"""

from django.db import migrations

KEPT = "a line of the ledger is never deleted before its time"
# `kept_from` is "2026-11"; a moment of that month or later is not before its first day, as text or as time.
SQLITE_ENDED = (
    "EXISTS (SELECT 1 FROM cctv_recorderasure e WHERE e.record_class = 'ledger' AND e.state <> 'started' "
    "AND OLD.at < e.kept_from || '-01')"
)
POSTGRESQL_ENDED = (
    "EXISTS (SELECT 1 FROM cctv_recorderasure e WHERE e.record_class = 'ledger' AND e.state <> 'started' "
    "AND OLD.at < (e.kept_from || '-01')::timestamp AT TIME ZONE 'UTC')"
)


def statements(vendor):
    if vendor == "sqlite":
        yield "DROP TRIGGER ledger_line_kept"
        yield (f"CREATE TRIGGER ledger_line_kept BEFORE DELETE ON cctv_ledgerline WHEN NOT {SQLITE_ENDED} "
               f"BEGIN SELECT RAISE(ABORT, '{KEPT}'); END")  # fmt: skip
        return
    yield "DROP TRIGGER ledger_line_kept ON cctv_ledgerline"
    yield ("CREATE FUNCTION ledger_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS "
           f"$$BEGIN IF NOT {POSTGRESQL_ENDED} THEN RAISE EXCEPTION '%', TG_ARGV[0] "
           "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN OLD; END$$")  # fmt: skip
    yield ("CREATE TRIGGER ledger_line_kept BEFORE DELETE ON cctv_ledgerline FOR EACH ROW "
           f"EXECUTE FUNCTION ledger_refuse_delete('{KEPT}')")  # fmt: skip


def create(apps, schema_editor):
    """The trigger of this database; nothing on the log's own."""
    if schema_editor.connection.alias != "default":
        return
    for statement in statements(schema_editor.connection.vendor):
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("cctv", "0004_records_and_roots")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop, elidable=False)]
