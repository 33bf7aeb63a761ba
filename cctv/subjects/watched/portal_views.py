"""The page that says who has watched the requester, and the proofs of it."""

from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

from cctv.subjects.portal.pages import of_requester, page, public
from cctv.subjects.requests.models import SubjectRequest
from cctv.subjects.watched import services


@public()
@of_requester
def watched(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """Every time anybody opened the requester's minutes."""
    report = services.report(subject_request)
    lines = [(each, services.WORDS[each.what]) for each in report.lines]
    context = {
        "given": [each for each in lines if each[0].what == services.COPY],
        "here": [each for each in lines if each[0].what != services.COPY],
        "times": len(report.lines), "people": len({each.who for each in report.lines}),
        "copies": sum(each.what == services.COPY for each in report.lines),
        "zone": ZoneInfo(subject_request.site.time_zone), "found": subject_request,
    }  # fmt: skip
    return page(request, "cctv/subjects/watched/portal_watched.html", context)


@public()
@of_requester
def proofs(request: HttpRequest, subject_request: SubjectRequest) -> HttpResponseBase:
    """The report with the proof of each entry, to be checked without us."""
    data = services.proofs(subject_request, services.report(subject_request))
    response = HttpResponse(data, content_type="application/zip")
    name = f"{subject_request.reference}-proofs.zip"
    response["Content-Disposition"] = content_disposition_header(True, name) or ""
    return response
