"""What the register does not allow, whoever asks (domain.md O1-O9)."""

from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.sites.foresight import NOTICE, Ending, earliest, would_end
from cctv.sites.jurisdictions import PROFILES, profile_of
from cctv.sites.models import FORBIDDEN_ZONES, AudioPolicy, Camera, Organisation, Purpose, Site, ZoneKind
from cctv.sites.schedules import check_schedule

LONGEST_DAYS = 3660


class RegisterRefused(LetheError):
    """The register's rules do not allow this; `field` names the form field that it is about."""

    code = "register_refused"

    def __init__(self, code: str, field: str, message: Any, hint: Any = "") -> None:
        """A refusal with its own code."""
        super().__init__(message, hint=hint, code=code)
        self.field = field


class EndsFootage(LetheError):
    """The rule would end footage that exists; whoever sets it has to accept that, knowing the numbers."""

    code = "rule_ends_footage"
    status = 409
    message = _("This rule ends footage that exists already.")
    hint = _("Look at what it ends, and confirm it.")

    def __init__(self, ending: Ending, effective_from: datetime) -> None:
        """What it would end, and from when."""
        super().__init__()
        self.ending = ending
        self.effective_from = effective_from


def taken(field: str, value: str) -> RegisterRefused:
    """The refusal of a code or name that another row has."""
    message = _("“%(value)s” is in use already.") % {"value": value}
    return RegisterRefused("taken", field, message, _("Choose another one."))


def check_in_use(row: Any) -> None:
    """Nothing is added to or changed on what is retired."""
    if row.retired_at is not None:
        raise RegisterRefused(
            "retired",
            "",
            _("%(name)s is retired and stays as it was.") % {"name": row.name},
            _("Register a new one instead."),
        )


def check_site(site: Site) -> None:
    """A known law and time zone, a place of storage (O9), a name."""
    if site.jurisdiction not in PROFILES:
        raise RegisterRefused("jurisdiction", "jurisdiction", _("Choose whose law the site stands under."))
    if site.time_zone not in available_timezones():
        raise RegisterRefused(
            "time_zone",
            "time_zone",
            _("This is not a time zone."),
            _("Write it as Asia/Seoul or Europe/London."),
        )
    if not site.storage_place.strip():
        raise RegisterRefused(
            "storage_place",
            "storage_place",
            _("Say where the footage is stored."),
            _("The public notice names it."),
        )
    if site.code == "add":  # it would hide behind the page that adds sites
        raise taken("code", site.code)
    check_named(site)


def check_named(row: Any) -> None:
    """Everything on the register has a name; the log and the notices speak of it by that."""
    if not row.name.strip():
        raise RegisterRefused("name", "name", _("Give it a name."))


def check_zone_kind(kind: str, field: str) -> None:
    """Toilets, baths and changing rooms cannot be registered (O4)."""
    if kind not in ZoneKind.values:
        raise RegisterRefused("zone_kind", field, _("Say what kind of place it is."))
    if kind in FORBIDDEN_ZONES:
        raise RegisterRefused(
            "forbidden_zone",
            field,
            _("Cameras are forbidden in toilets, baths and changing rooms."),
            _("Choose another place; there is no exception to this."),
        )


def check_camera(camera: Camera, purposes: list[Purpose]) -> None:
    """Legal basis (O1), purposes (O2), place and scope (O4), hours (O7), sound (O61)."""
    profile = profile_of(camera.site.jurisdiction)
    check_named(camera)
    if camera.legal_basis not in {code for code, _text in profile.legal_bases}:
        raise RegisterRefused(
            "legal_basis", "legal_basis", _("Choose the legal basis that this camera rests on.")
        )
    if not purposes or any(purpose.retired_at for purpose in purposes):
        raise RegisterRefused("purposes", "purposes", _("Choose at least one purpose that is in use."))
    if camera.zone.site_id != camera.site_id:
        raise RegisterRefused("zone", "zone", _("Choose a zone of this site."))
    check_zone_kind(camera.zone.kind, "zone")
    for field in ("location", "scope_text"):
        if not getattr(camera, field).strip():
            raise RegisterRefused(field, field, _("Say what is filmed and from where; the sign names it."))
    if camera.audio_policy == AudioPolicy.KEEP and not profile.audio_allowed:
        raise RegisterRefused(
            "audio_forbidden",
            "audio_policy",
            _("Recording sound is not allowed here."),
            _("Lethe removes the sound from what the recorder sends."),
        )
    if problem := check_schedule(camera.schedule):
        raise RegisterRefused("schedule", "schedule", problem)


def check_rule(
    scope: Organisation | Site | Camera, days: int, effective_from: datetime | None, reason: str
) -> None:
    """No rule in the past, none without bounds, none above the law's default without a reason (O8)."""
    if effective_from is not None and effective_from < clock.now():
        # Nothing may be made to have expired already by a slip of the pen.
        raise RegisterRefused(
            "rule_in_the_past",
            "effective_from",
            _("A rule cannot take effect in the past."),
            _("Leave the field empty to let it take effect now."),
        )
    if not 1 <= days <= LONGEST_DAYS:
        raise RegisterRefused(
            "rule_days", "days", _("Give between 1 and %(days)d days.") % {"days": LONGEST_DAYS}
        )
    limit = default_days(scope)
    if days > limit and not reason.strip():
        raise RegisterRefused(
            "rule_needs_reason",
            "reason",
            _("Keeping footage longer than %(days)d days needs a reason here.") % {"days": limit},
            _("Write down why, as you would tell the authority."),
        )


def moment_of_rule(
    scope: Organisation | Site | Camera, days: int, wanted: datetime | None, *, accepted: bool
) -> tuple[datetime, Ending]:
    """When the rule takes effect, and what it then ends of the footage that exists.

    What ends existing footage is announced: `wanted` may not be earlier than 24 hours from now, which is
    also when it takes effect if nothing is wanted. EndsFootage unless that is `accepted`.
    """
    moment = wanted or clock.now()
    ending = would_end(scope=scope, days=days, effective_from=moment)
    if not ending:
        return moment, ending
    if wanted is None:
        moment = earliest()
        ending = would_end(scope=scope, days=days, effective_from=moment)
    elif wanted < clock.now() + NOTICE:
        raise RegisterRefused(
            "rule_too_soon",
            "effective_from",
            _("This rule ends footage that exists already; it cannot take effect within the next 24 hours."),
            _("Leave the field empty to let it take effect in 24 hours."),
        )
    if ending and not accepted:
        raise EndsFootage(ending, moment)
    return moment, ending


def default_days(scope: Organisation | Site | Camera) -> int:
    """What the law's profile keeps without a rule; for an organisation the strictest of its sites'."""
    if isinstance(scope, Organisation):
        codes = set(scope.sites.filter(retired_at=None).values_list("jurisdiction", flat=True)) or set(
            PROFILES
        )
        return min(profile_of(code).default_days for code in codes)
    return profile_of(scope.jurisdiction if isinstance(scope, Site) else scope.site.jurisdiction).default_days
