"""What a request's page shows of who asks."""

from typing import Any

from cctv.people.policy import Permissions
from cctv.subjects.identity import asking, reasons, settling
from cctv.subjects.identity.forms import RenewForm, SeenForm
from cctv.subjects.identity.models import CheckState, IdentityCheck
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests.models import RequestState, SubjectRequest


def for_desk(request: SubjectRequest, permissions: Permissions) -> dict[str, Any]:
    """What was shown so far, and what this reader may do: {"rows", "waiting", "form", "ask", "renew"}.

    The form of a verdict in person is there only while one is wanted.
    """
    may = permissions.may(CHECK, site_id=request.site_id)
    wanted = may and settling.is_awaited(request)
    checks = list(request.checks.select_related("decided_by").prefetch_related("papers"))
    # Whoever asks for a secret and has sent nothing may be anybody.
    rows = [each for each in checks if each.state != CheckState.ASKED or not each.for_secret]
    is_open = any(each.state in asking.OPEN and not each.for_secret for each in checks)
    return {
        "rows": [(each, reasons.words(each.reason)) for each in rows],
        "waiting": waiting(checks) if may else [],
        "form": SeenForm(request=request) if wanted else None,
        "ask": asking.offered(request) if wanted and not is_open else [],
        "renew": RenewForm() if may and request.state != RequestState.ENDED else None,
    }


def waiting(checks: list[IdentityCheck]) -> list[IdentityCheck]:
    """Those that wait for the checker."""
    return [each for each in checks if each.state == CheckState.SHOWN]
