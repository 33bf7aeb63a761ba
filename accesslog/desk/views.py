"""Taking an answer out of the log: logged first, then streamed."""

from __future__ import annotations

from urllib.parse import urlencode

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accesslog import asking, conf, selectors, services
from accesslog.desk import exports
from accesslog.desk.exports import MOST, PDF, Answer
from accesslog.desk.question import Asked, ask_of
from accesslog.events import EXPORTED

# In the session: this person was asked who they are on the way to a file.
STEPPED = "accesslog.stepped"


@require_GET
@never_cache
@login_required
def export(request: HttpRequest, form: str) -> HttpResponseBase:
    """The whole answer as a file. It is an entry of its own, durable before the first byte."""
    asked = ask_of(request)
    if form == PDF and conf.pdf_writer() is None:
        raise Http404
    if not asked.form.is_valid():
        return render(request, "accesslog/log.html", asked.context(), status=400)
    try:
        conf.step_up(request)
    except Exception:
        request.session[STEPPED] = True
        raise
    if request.session.pop(STEPPED, False):
        # A file would leave the browser on the form that asks for the password: a page first fetches it.
        own = f"?{urlencode(asked.given)}"
        return render(request, "accesslog/take.html", {"file": request.path + own, "back": own})
    with timezone.override(asked.zone):
        answer = _taken(request, asked, form)
        name = f"log-{timezone.localtime(answer.at):%Y-%m-%d}-{answer.asked}.{form}"
        made = _pdf(answer) if form == PDF else _csv(answer)
    made["Content-Disposition"] = f'attachment; filename="{name}"'
    return made


def _taken(request: HttpRequest, asked: Asked, form: str) -> Answer:
    """Find the entries, and log that they are taken out."""
    filters = asked.form.filters()
    found = selectors.numbers(filters=filters, scope=asked.scope, limit=MOST[form] + 1)
    numbers = found[: MOST[form]]
    part, index = conf.actor_of(request)
    body = {**part, "query": filters.given(), "entries": len(numbers), "format": form}
    receipt = services.append(kind=EXPORTED, body=body, index=[index])
    return Answer(
        numbers=numbers,
        cut=len(found) > len(numbers),
        question=asking.plain(asked.form),
        asked=receipt.index,
        at=receipt.time,
        zone=asked.zone,
        personal=asked.scope.bodies,
    )


def _csv(answer: Answer) -> StreamingHttpResponse:
    parts = exports.csv_parts(answer, language=translation.get_language() or "en")
    return StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")


def _pdf(answer: Answer) -> HttpResponse:
    write = conf.pdf_writer()
    assert write is not None
    columns, rows = exports.pdf_rows(answer)
    made = write(_("From the access log"), answer.head(), columns, rows)
    return HttpResponse(made, content_type="application/pdf")
