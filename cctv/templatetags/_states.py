"""The states that pages show, each with its icon, tone and word: never colour alone."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class State(NamedTuple):
    symbol: str
    tone: str  # "", ok, warn, bad: the pill's tone; footage states have their own colour by name
    label: str | Promise


STATES: dict[str, State] = {
    # footage
    "recorded": State("recorded", "", _("Recorded")),
    "live": State("recorded", "", _("Recorded")),
    "gap": State("gap", "", _("Gap")),
    "off": State("off", "", _("Out of schedule")),
    "held": State("held", "", _("Held")),
    "restricted": State("restricted", "", _("Restricted")),
    "expiring": State("expiring", "", _("Expires soon")),
    "expired": State("expiring", "", _("Expired")),
    "destroyed": State("destroyed", "", _("Destroyed")),
    # things that work, wait or fail
    "ok": State("ok", "ok", _("In order")),
    "waiting": State("clock", "warn", _("Waiting")),
    "running": State("refresh", "", _("Running")),
    "paused": State("pause", "warn", _("Paused")),
    "warn": State("warn", "warn", _("Look at this")),
    "bad": State("bad", "bad", _("Failed")),
    "failed": State("bad", "bad", _("Failed")),
    "overdue": State("bad", "bad", _("Overdue")),
    "quarantined": State("quarantine", "warn", _("In quarantine")),
    "info": State("info", "", _("Note")),
    # things on the register and accounts
    "active": State("ok", "ok", _("Active")),
    "planned": State("calendar", "", _("Planned")),
    "retired": State("archive", "", _("Retired")),
    "disabled": State("off", "", _("Switched off")),
    "open": State("eye", "", _("Open")),
    "closed": State("check", "", _("Closed")),
}
