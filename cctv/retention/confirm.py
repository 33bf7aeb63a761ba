"""A person releases a paused run: with step-up, by the digest of the very plan that they looked at."""

from uuid import UUID

from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.errors import LetheError
from cctv.people.models import Account
from cctv.people.policy import Forbidden, NotFound, permissions_of
from cctv.retention import entries, guards, purge
from cctv.retention import plan as plans
from cctv.retention.models import PurgeRun, RunState

CONFIRM = "retention.confirm"
DIGEST_CHARACTERS = 4


class NotPaused(LetheError):
    """Somebody was faster, or the run ended by itself."""

    code = "run_not_paused"
    status = 409
    message = _("This run no longer waits for a decision.")
    hint = _("Load the page again to see what became of it.")


class CannotConfirm(LetheError):
    """A hard guard stands; no signature makes a wrong disk the right one."""

    code = "guard_not_confirmable"
    status = 409
    message = _("This pause cannot be confirmed away.")
    hint = _("Mend what the page names; the run then goes on by itself.")


class DigestMismatch(LetheError):
    """What was typed is not the beginning of the plan's digest."""

    code = "digest_mismatch"
    status = 400
    message = _("These are not the first characters of the digest.")
    hint = _("Type at least the first 4 characters exactly as they are shown.")


class PlanMoved(LetheError):
    """The list is no longer the one that was shown."""

    code = "plan_moved"
    status = 409
    message = _("The plan has changed since it was shown. Nothing was destroyed.")
    hint = _("A new plan is made within a minute; look at it and decide again.")


def confirm_run(*, run_id: UUID, actor: Account, digest_prefix: str, terminal: str = "") -> PurgeRun:
    """Release a paused run; the next tick carries it out if its plan still fits.

    The caller has made sure of the step-up. NotFound or Forbidden unless the actor may confirm at
    every site of the plan.
    """
    run = PurgeRun.objects.filter(pk=run_id).first()
    if run is None:
        raise NotFound
    _may(run, actor)
    if run.state != RunState.PAUSED:
        raise NotPaused
    if run.pause_code in guards.HARD:
        raise CannotConfirm
    typed = "".join(digest_prefix.split()).lower()
    if len(typed) < DIGEST_CHARACTERS or not run.digest.startswith(typed):
        raise DigestMismatch
    now = clock.now()
    plan = plans.compute(run.cutoff_at)
    if guards.hard(plan, now=now) is not None:
        raise CannotConfirm
    if plan.digest != bytes(run.plan_sha256) or run.cutoff_at > now:
        purge.give_up(run, "plan_moved")
        raise PlanMoved
    about_the_clock = run.pause_code in guards.CLOCKS
    if not about_the_clock and guards.clock_unsure(now) is not None:
        raise CannotConfirm  # it jumped since the pause: nobody has been shown that clock
    entries.confirmed(run, actor=actor, terminal=terminal)
    # Whoever releases a pause of the clock has looked at the clock that the page shows; nobody else has.
    guards.beat(now, vouched=about_the_clock)
    released = PurgeRun.objects.filter(pk=run.pk, state=RunState.PAUSED).update(
        state=RunState.PLANNED, confirmed_by=actor, confirmed_at=now
    )
    if released != 1:
        raise NotPaused
    run.refresh_from_db()
    return run


def _may(run: PurgeRun, actor: Account) -> None:
    """404 before 403, as everywhere; a plan over several sites needs the right at each of them."""
    permissions = permissions_of(actor)
    sites = set(run.items.values_list("site_id", flat=True))
    if not any(permissions.knows(site) for site in sites) and not (permissions.roles and not sites):
        raise NotFound
    for site in sites:
        if not permissions.may(CONFIRM, site_id=site):
            raise Forbidden(_("This run takes footage of sites that you may not decide for."))
    if not sites and not permissions.may(CONFIRM):
        raise Forbidden
