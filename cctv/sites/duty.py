"""Duty hours of a site and of single people: when it is nothing special that they look at footage.

A person's own hours replace those of the site for them. Without any, nothing is said about anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accesslog import IndexFields
from accesslog.review.rules import Duty
from accesslog.services import append
from cctv.core.errors import LetheError
from cctv.people.actors import actor_fields
from cctv.people.models import Account, RoleGrant
from cctv.people.policy import permissions_of
from cctv.sites.models import DutyHours, Site
from cctv.sites.rules import RegisterRefused, check_in_use
from cctv.sites.schedules import read_hours, write_hours

ACTION = "duty.change"


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of a site (`account` None) or of a person there: a text per weekday, Monday first."""

    account: Account | None
    texts: Sequence[str]

    @property
    def any(self) -> bool:
        """Whether any are set."""
        return any(self.texts)


def hours_of(site: Site, account: Account | None = None) -> Hours:
    """What is set, as `read_hours` reads it; seven empty texts where nothing is."""
    rows = DutyHours.objects.filter(site=site, account=account)
    return Hours(account, write_hours([_row(each) for each in rows]))


def people_with_hours(site: Site) -> list[Hours]:
    """People with hours of their own at the site, by name."""
    accounts = Account.objects.filter(pk__in=DutyHours.objects.filter(site=site).values("account"))
    return [hours_of(site, account) for account in accounts.order_by("name")]


def people_at(site: Site) -> list[Account]:
    """Those who hold or will hold a role at the site and may therefore have hours of their own."""
    here = RoleGrant.objects.not_over().filter(Q(site=site) | Q(site=None))
    return list(Account.objects.filter(pk__in=here.values("account"), is_active=True).order_by("name"))


def duty_at(site_id: str, account_id: str, moment: datetime) -> Duty | None:
    """accesslog's injection: whether the person was on duty there then; None where no hours are set."""
    try:
        site = Site.objects.filter(pk=UUID(site_id)).first()
        person = UUID(account_id)
    except ValueError:
        return None
    rows = [] if site is None else list(DutyHours.objects.filter(site=site, account=person))
    if site is not None and not rows:
        rows = list(DutyHours.objects.filter(site=site, account=None))
    if site is None or not rows:
        return None
    local = moment.astimezone(ZoneInfo(site.time_zone))
    today = [row for row in rows if row.weekday == local.weekday()]
    minute = local.hour * 60 + local.minute
    on = any(row.starts_minute <= minute < row.ends_minute for row in today)
    return Duty(on, [f"{_clock(row.starts_minute)}–{_clock(row.ends_minute)}" for row in today])


def set_duty_hours(
    *, actor: Account, site: Site, account: Account | None, texts: Sequence[str], terminal: str = ""
) -> None:
    """Replace the hours of the site, or of one person there; seven empty texts remove them.

    ValueError for a text that is no span of hours; RegisterRefused with `retired`, `stranger`: whoever has
    left gets no hours any more, but those they had can be removed.
    """
    permissions_of(actor).require(ACTION, site_id=site.pk)
    check_in_use(site)
    rows = read_hours(texts)
    if rows and account is not None and account not in people_at(site):
        raise _stranger(account)
    before, after = hours_of(site, account).texts, write_hours(rows)
    if list(before) == list(after):
        return
    thing = account or site
    body: dict[str, Any] = {
        "actor": actor_fields(actor, ACTION, site_id=site.pk), "terminal": terminal, "site": site.logged(),
        "object": {"id": str(thing.pk), "name": thing.name}, "before": list(before), "after": list(after),
    }  # fmt: skip
    index = IndexFields(actor=str(actor.pk), site=str(site.pk), terminal=terminal)
    append(kind="duty.changed", body=body, index=[index])
    with transaction.atomic():
        DutyHours.objects.filter(site=site, account=account).delete()
        DutyHours.objects.bulk_create(
            DutyHours(
                site=site,
                account=account,
                weekday=day,
                starts_minute=_minute(start),
                ends_minute=_minute(end),
            )
            for day, start, end in rows
        )


def _stranger(account: Account) -> LetheError:
    return RegisterRefused(
        "stranger", "", _("%(name)s has no role at this site.") % {"name": account.name},
        _("Hours of their own are for people who have one."),
    )  # fmt: skip


def _row(row: DutyHours) -> list[object]:
    return [row.weekday, _clock(row.starts_minute), _clock(row.ends_minute)]


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _minute(text: str) -> int:
    return int(text[:2]) * 60 + int(text[3:])
