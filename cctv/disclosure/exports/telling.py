"""Mail about exports: what waits for a decision, what was decided, and at once where glass was broken.

Said once each, in the reader's language; nothing depends on it, the pages say the same. No camera, no names
of those concerned.
"""

from collections.abc import Callable, Iterable

from django.db.models import Q
from django.utils.translation import gettext as _

from cctv.disclosure.exports.models import ActKind, Export, ExportState, Urgency
from cctv.people.models import Account, Role, RoleGrant
from cctv.people.outbox import link, queue_mail

Text = Callable[[], str]


def deciders(export: Export, *, officers: bool = False) -> list[Account]:
    """The approvers of the site, besides whoever asked; the privacy officers where there is none, or too."""
    found = list(_holding(export, Role.APPROVER))
    if officers or not found:
        found += [each for each in _holding(export, Role.PRIVACY_OFFICER) if each not in found]
    return found


def asked(export: Export) -> None:
    """It waits for a decision; an urgent one is said to everybody who answers for it, at once."""
    acts = export.acts.count()
    if export.urgency == Urgency.WAITING:
        _send(
            export, deciders(export, officers=True), f"urgent/{acts}",
            lambda: _("Urgent: %(number)s goes out before it is approved") % _words(export),
            lambda: _(
                "%(asked_by)s released export %(number)s (case %(case)s, %(site)s) for %(recipient)s because"
                " of an urgent threat to life. It has to be approved within a day; otherwise it is marked"
                " as a violation."
            ) % _words(export),
        )  # fmt: skip
        return
    if export.state == ExportState.ASKED:
        _send(
            export, deciders(export), f"asked/{acts}",
            lambda: _("Export %(number)s waits for your decision") % _words(export),
            lambda: _(
                "%(asked_by)s asks for export %(number)s (case %(case)s, %(site)s) for %(recipient)s. Nothing"
                " of it leaves until somebody else has approved it."
            ) % _words(export),
        )  # fmt: skip


def decided(export: Export) -> None:
    """To whoever asked."""
    last = export.acts.order_by("-at", "-id").first()
    if last is None:
        return
    words = {
        ActKind.RETURNED: lambda: (
            _("%(number)s was asked back: change it and send it again") % _words(export)
        ),
        ActKind.APPROVED: lambda: _("%(number)s is approved and being packaged") % _words(export),
        ActKind.REJECTED: lambda: _("%(number)s was rejected") % _words(export),
        ActKind.WITHDRAWN: lambda: _("%(number)s was withdrawn: its case is closed") % _words(export),
        ActKind.CONFIRMED: lambda: _("The urgent %(number)s was approved afterwards") % _words(export),
    }
    if (said := words.get(ActKind(last.kind))) is not None:
        _send(
            export,
            [export.asked_by],
            f"act/{last.pk}",
            said,
            lambda: _("There is a remark: the export's page shows it.") if last.remark else "",
        )


def violated(export: Export) -> None:
    """To everybody who answers for it, and to whoever asked."""
    people = {each.pk: each for each in [export.asked_by, *deciders(export, officers=True)]}
    _send(
        export, people.values(), f"violated/{export.urgency}",
        lambda: _("Violation: the urgent %(number)s was not approved") % _words(export),
        lambda: _(
            "Export %(number)s (case %(case)s, %(site)s) was released as urgent and was refused, or nobody"
            " approved it within a day. Nothing more of it may be handed out; it stands as a violation."
        ) % _words(export),
    )  # fmt: skip


def _holding(export: Export, role: Role) -> list[Account]:
    grants = RoleGrant.objects.in_force().filter(Q(site=export.site_id) | Q(site=None), role=role)
    people = Account.objects.filter(pk__in=grants.values("account_id"), is_active=True)
    return list(people.exclude(pk=export.asked_by_id).order_by("pk"))


def _send(export: Export, people: Iterable[Account], about: str, subject: Text, text: Text) -> None:
    for to in people:
        queue_mail(
            kind=f"export.{about.split('/')[0]}",
            about=f"export/{export.pk}/{about}/{to.pk}",
            to=to,
            subject=subject,
            text=lambda: f"{text()}\n\n{link('export', export.number)}\n".lstrip(),
        )


def _words(export: Export) -> dict[str, str]:
    return {
        "number": export.number, "case": export.case.number, "site": export.site.name,
        "recipient": export.recipient, "asked_by": export.asked_by.name,
    }  # fmt: skip
