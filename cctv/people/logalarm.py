"""Mail to the privacy officers when a verification has found the access log changed; injected into it."""

from django.utils.translation import gettext as _

from cctv.core import clock
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.outbox import link, queue_mail

KIND = "log.wrong"


def found_wrong(*, what: str, entry: int, advice: str) -> None:
    """One mail a day to each privacy officer for each entry; also where the clock runs behind."""
    grants = RoleGrant.objects.not_over().filter(role=Role.PRIVACY_OFFICER, account__is_active=True)
    for officer in Account.objects.filter(pk__in=grants.values("account")).order_by("pk"):
        queue_mail(
            kind=KIND,
            about=f"log/wrong/{clock.now():%Y-%m-%d}/{entry}/{officer.pk}",
            to=officer,
            subject=lambda: _("The access log is not what was logged"),
            text=lambda: f"{_said(what)}\n\n{advice}\n\n{link('log')}\n",
        )


def _said(what: str) -> str:
    return _("A verification of the access log has found this: %(what)s") % {"what": what}
