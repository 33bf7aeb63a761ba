"""Writing the ledger: one line for each use, provision, reading or destruction; never changed afterwards.

A line is a row first and an entry of the access log second. Both are done again without harm: `source`
names what the line is about, and a second line of the same source is never written.
"""

from datetime import datetime
from typing import Any
from uuid import NAMESPACE_OID, uuid5
from zoneinfo import ZoneInfo

from django.db import IntegrityError, transaction

from accesslog import IndexFields
from accesslog.services import append
from cctv.core import clock
from cctv.core.clock import rfc3339
from cctv.core.numbering import create_numbered
from cctv.ledger.errors import LineIncomplete
from cctv.ledger.models import LedgerKind, LedgerLine
from cctv.people.actors import actor_fields
from cctv.people.models import Account
from cctv.sites.models import Site

# What a provision cannot do without (O13 to O16, O37).
_OF_PROVISION = ("recipient", "ground", "provided_as")


def write(
    *, kind: str, site: Site, item: str, form: str, handler: str, reason: str, source: str,
    at: datetime | None = None, recipient: str = "", ground: str = "", provided_as: str = "",
    footage_from: datetime | None = None, footage_to: datetime | None = None, cycle: str = "",
    checked_at: datetime | None = None,
) -> LedgerLine:  # fmt: skip
    """Write a line and its log entry `ledger.written`; with a `source` that has a line, return that one.

    `at` (now) decides the year of its number, on the site's clocks. Texts are cut to their columns.
    LineIncomplete when a provision names no recipient, ground or form.
    """
    values: dict[str, Any] = {
        "kind": LedgerKind(kind), "site": site, "at": at or clock.now(), "item": item, "form": form,
        "handler": handler, "reason": reason, "recipient": recipient, "ground": ground,
        "provided_as": provided_as, "footage_from": footage_from, "footage_to": footage_to, "cycle": cycle,
        "checked_at": checked_at, "source": source,
    }  # fmt: skip
    if kind == LedgerKind.PROVIDE and not all(values[name].strip() for name in _OF_PROVISION):
        raise LineIncomplete
    line = _row(source) or _insert(values)
    return _logged(line)


def _row(source: str) -> LedgerLine | None:
    return LedgerLine.objects.select_related("site").filter(source=source).first()


def _insert(values: dict[str, Any]) -> LedgerLine:
    for name, value in values.items():
        limit = getattr(LedgerLine._meta.get_field(name), "max_length", None)
        if isinstance(value, str) and limit and len(value) > limit:
            if name == "source":
                raise ValueError(f"the source of a ledger line has at most {limit} characters")
            values[name] = f"{value[: limit - 1]}…"
    year = values["at"].astimezone(ZoneInfo(values["site"].time_zone)).year
    try:
        with transaction.atomic():
            return create_numbered(
                LedgerLine, year=year, make=lambda n: LedgerLine(year=year, sequence=n, **values)
            )
    except IntegrityError:
        if (line := _row(values["source"])) is None:
            raise
        return line


def _logged(line: LedgerLine) -> LedgerLine:
    if line.entry is not None:
        return line
    body: dict[str, Any] = {
        "number": line.number, "act": line.kind, "site": line.site.logged(), "item": line.item,
        "form": line.form, "source": line.source,
    }  # fmt: skip
    if line.footage_from and line.footage_to:
        body |= {"from": rfc3339(line.footage_from), "to": rfc3339(line.footage_to, round_up=True)}
    receipt = append(
        kind="ledger.written",
        body=body,
        index=[IndexFields(site=str(line.site_id))],
        event_id=uuid5(NAMESPACE_OID, f"lethe/ledger/{line.source}"),
    )
    LedgerLine.objects.filter(pk=line.pk, entry=None).update(entry=receipt.index)
    line.entry = receipt.index
    return line


def log_export(*, actor: Account, terminal: str, lines: int, site: Site | None) -> None:
    """Enter that somebody takes lines out as a file, before they are sent."""
    body: dict[str, Any] = {
        "lines": lines, "terminal": terminal,
        "actor": actor_fields(actor, "ledger.see", site_id=site.pk if site else None),
    }  # fmt: skip
    if site is not None:
        body["site"] = site.logged()
    index = IndexFields(actor=str(actor.pk), terminal=terminal, site=str(site.pk) if site else "")
    append(kind="ledger.exported", body=body, index=[index])
