"""Triggers: what no code may do to the log, whoever's it is.

Entries never change and never go. Bodies and search rows go only below a committed prune mark. The head only
grows. SQLite's INSERT OR REPLACE deletes without firing delete triggers, so inserting over a row is refused
as well. A later migration that rebuilds one of these tables on SQLite drops its triggers: it must make them
again with `create`.
"""

from django.db import migrations

MAY_GO = """EXISTS (SELECT 1 FROM log_prune p WHERE OLD.entry_index < p.below
    AND (p.kind = '' OR p.kind = (SELECT e.kind FROM log_entry e WHERE e.entry_index = OLD.entry_index)))"""
HAS_PRUNE_ENTRY = "EXISTS (SELECT 1 FROM log_entry e WHERE e.entry_index = NEW.entry_index AND e.kind = 'log.prune')"
SHRINKS = "NEW.id <> OLD.id OR NEW.size <= OLD.size OR NEW.last_time_us < OLD.last_time_us"

# (name, event, table, refused when, message)
RULES = [
    ("log_entry_kept", "DELETE", "log_entry", "", "log_entry is append-only"),
    ("log_entry_fixed", "UPDATE", "log_entry", "", "log_entry is append-only"),
    ("log_body_fixed", "UPDATE", "log_body", "", "log_body is append-only"),
    ("log_body_kept", "DELETE", "log_body", f"NOT {MAY_GO}", "log_body goes only below a prune mark"),
    ("log_index_fixed", "UPDATE", "log_index", "", "log_index is append-only"),
    ("log_index_kept", "DELETE", "log_index", f"NOT {MAY_GO}", "log_index goes only below a prune mark"),
    ("log_head_kept", "DELETE", "log_head", "", "log_head only grows"),
    ("log_head_grows", "UPDATE", "log_head", SHRINKS, "log_head only grows"),
    ("log_prune_kept", "DELETE", "log_prune", "", "log_prune is append-only"),
    ("log_prune_fixed", "UPDATE", "log_prune", "", "log_prune is append-only"),
    ("log_prune_logged", "INSERT", "log_prune", f"NOT {HAS_PRUNE_ENTRY}", "a prune mark needs its log.prune entry"),
    ("log_checkpoint_fixed", "UPDATE", "log_checkpoint", "", "log_checkpoint is append-only"),
]
REPLACES = {
    "log_entry": "e.entry_index = NEW.entry_index OR e.event_id = NEW.event_id",
    "log_body": "e.entry_index = NEW.entry_index",
    "log_index": "e.id = NEW.id",
    "log_head": "e.id = NEW.id",
    "log_prune": "e.id = NEW.id OR (e.entry_index = NEW.entry_index AND e.kind = NEW.kind)",
    "log_checkpoint": "e.size = NEW.size",
}
TABLES = sorted(REPLACES)


def sqlite_statements():
    for name, event, table, when, message in RULES:
        condition = f" WHEN {when}" if when else ""
        yield (f"CREATE TRIGGER {name} BEFORE {event} ON {table}{condition} "
               f"BEGIN SELECT RAISE(ABORT, '{message}'); END")  # fmt: skip
    for table, same in REPLACES.items():
        there = f"EXISTS (SELECT 1 FROM {table} e WHERE {same})"  # noqa: S608
        yield (f"CREATE TRIGGER {table}_not_replaced BEFORE INSERT ON {table} WHEN {there} "
               f"BEGIN SELECT RAISE(ABORT, '{table} has this row already'); END")  # fmt: skip


def postgresql_statements():
    yield ("CREATE FUNCTION accesslog_refuse() RETURNS trigger LANGUAGE plpgsql AS "
           "$$BEGIN RAISE EXCEPTION '%', TG_ARGV[0] USING ERRCODE = 'integrity_constraint_violation'; END$$")  # fmt: skip
    # A trigger's WHEN cannot look into other tables there, so the two look-ups are functions of their own.
    yield ("CREATE FUNCTION accesslog_refuse_delete() RETURNS trigger LANGUAGE plpgsql AS "
           f"$$BEGIN IF NOT {MAY_GO} THEN RAISE EXCEPTION '%', TG_ARGV[0] "
           "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN OLD; END$$")  # fmt: skip
    yield ("CREATE FUNCTION accesslog_refuse_mark() RETURNS trigger LANGUAGE plpgsql AS "
           f"$$BEGIN IF NOT {HAS_PRUNE_ENTRY} THEN RAISE EXCEPTION '%', TG_ARGV[0] "
           "USING ERRCODE = 'integrity_constraint_violation'; END IF; RETURN NEW; END$$")  # fmt: skip
    for name, event, table, when, message in RULES:
        function, condition = "accesslog_refuse", f" WHEN ({when})" if when else ""
        if "SELECT" in when:
            function = "accesslog_refuse_mark" if event == "INSERT" else "accesslog_refuse_delete"
            condition = ""
        yield (f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW{condition} "
               f"EXECUTE FUNCTION {function}('{message}')")  # fmt: skip
    for table in TABLES:
        yield (f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table} "
               f"EXECUTE FUNCTION accesslog_refuse('{table} is append-only')")  # fmt: skip


STATEMENTS = {"sqlite": sqlite_statements, "postgresql": postgresql_statements}


def create(apps, schema_editor):
    """The head's one row, and the triggers of this database."""
    apps.get_model("accesslog", "LogHead").objects.using(schema_editor.connection.alias).create(
        id=1, size=0, frontier=b"", last_time_us=0
    )
    for statement in STATEMENTS[schema_editor.connection.vendor]():
        schema_editor.execute(statement, params=None)


class Migration(migrations.Migration):
    dependencies = [("accesslog", "0001_initial")]
    operations = [migrations.RunPython(create, migrations.RunPython.noop, elidable=False)]
