"""What a request's page shows of who asks."""

from typing import Any

from cctv.people.policy import Permissions
from cctv.subjects.identity.forms import SeenForm
from cctv.subjects.identity.settling import CHECK
from cctv.subjects.requests.models import RequestState, SubjectRequest


def for_desk(request: SubjectRequest, permissions: Permissions) -> dict[str, Any]:
    """{"checks", "form"}: the verdicts so far; the form only while one is wanted of this reader."""
    wanted = request.state == RequestState.IDENTITY and permissions.may(CHECK, site_id=request.site_id)
    return {
        "checks": request.checks.select_related("decided_by"),
        "form": SeenForm(request=request) if wanted else None,
    }
