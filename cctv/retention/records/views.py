"""The pages of records: how long they are kept and why, a new rule, and the certificates of their ends.

The log is one for all sites, and so are these pages: they are for those whose role holds everywhere.
"""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cctv.core import clock
from cctv.people.access import Request, requires
from cctv.people.actors import terminal_of
from cctv.people.policy import NotFound
from cctv.people.stepup import require_step_up
from cctv.retention import guards
from cctv.retention.records import ending, paper, rules, selectors, services, words
from cctv.retention.records.errors import EndsRecords, RuleRefused
from cctv.retention.records.forms import RecordRuleForm
from cctv.retention.records.models import RecordClass, RecordErasure
from cctv.sites.selectors import common_zone

SEE, RULE = "retention.see", rules.ACTION
PAGE = 30


@require_GET
@requires(SEE)
def records(request: Request) -> HttpResponse:
    """By class: for how long and why, the oldest, the next end; and the certificates."""
    request.permissions.require_everywhere(SEE)
    now = clock.now()
    zone = common_zone(None)
    tripped = services.in_the_way(now)
    context = {
        "classes": [selectors.kept(record_class, now) for record_class in RecordClass.values],
        "certificates": RecordErasure.objects.filter(state=ending.DONE).order_by("-year", "-sequence")[:PAGE],
        "in_the_way": guards.sentence(tripped.code, tripped.facts, zone) if tripped else "",
        "may_change": request.permissions.everywhere(RULE),
        "zone": zone,
    }
    return render(request, "cctv/retention/records/records.html", context)


@require_http_methods(["GET", "POST"])
@requires(RULE)
def record_rule(request: Request, record_class: str) -> HttpResponse:
    """A new rule: its form; by POST, after step-up, what it ends in numbers, or the rule."""
    request.permissions.require_everywhere(RULE)
    if record_class not in RecordClass.values:
        raise NotFound
    now = clock.now()
    force = rules.in_force(record_class, now)
    given = request.POST if request.method == "POST" else None
    form = RecordRuleForm(given, record_class=record_class, initial={"months": force.months})
    context = {
        "form": form, "record_class": record_class, "label": words.class_name(record_class), "force": force,
        "coming": rules.coming(record_class, now), "zone": common_zone(None), "ends": None,
    }  # fmt: skip
    status = 200
    if form.is_bound and form.is_valid():
        require_step_up(request)
        try:
            rules.change(
                record_class=record_class, months=form.cleaned_data["months"],
                reason=form.cleaned_data["reason"], actor=request.account, terminal=terminal_of(request),
                accepted=request.POST.get("accepted") == str(form.cleaned_data["months"]),
            )  # fmt: skip
        except EndsRecords as ends:
            context["ends"] = ends.extent
            context["rows"] = words.rows_name(record_class, ends.extent.rows)
        except RuleRefused as refused:
            form.add_error(refused.field, str(refused.message))
            status = 400
        else:
            messages.success(request, _("The rule is set."))
            return redirect("records")
    elif form.is_bound:
        status = 400
    return render(request, "cctv/retention/records/rule.html", context, status=status)


@require_POST
@requires(RULE)
def record_rule_withdraw(request: Request, record_class: str) -> HttpResponse:
    """After step-up, take back the rule that is announced, if it is still the one that was shown."""
    request.permissions.require_everywhere(RULE)
    if record_class not in RecordClass.values:
        raise NotFound
    require_step_up(request)
    done = rules.withdraw(
        record_class=record_class, announced=request.POST.get("rule", ""), actor=request.account,
        terminal=terminal_of(request),
    )  # fmt: skip
    if done is None:
        messages.error(request, _("Nothing was withdrawn: that rule waits no more."))
    else:
        messages.success(request, _("The announced rule is withdrawn. What counted before goes on."))
    return redirect("records")


def _erasure_or_404(request: Request, number: str) -> RecordErasure:
    request.permissions.require_everywhere(SEE)
    found = RecordErasure.objects.filter(number=number).exclude(issued_at=None).first()
    if found is None:
        raise NotFound
    return found


@require_GET
@requires(SEE)
def erasure(request: Request, number: str) -> HttpResponse:
    """All facts of a certificate, and its files."""
    found = _erasure_or_404(request, number)
    context = {
        "erasure": found,
        "facts": found.facts,
        "label": words.class_name(found.record_class),
        "pairs": [pair for pair in paper.pairs(found) if pair[1]],
        "expert_pairs": [pair for pair in paper.expert_pairs(found) if pair[1]],
        "copies": words.copy_rows(found.facts),
        "languages": list(paper.LANGUAGES.items()),
    }
    return render(request, "cctv/retention/records/erasure.html", context)


@require_GET
@requires(SEE)
def erasure_json(request: Request, number: str) -> HttpResponse:
    """The facts as they were hashed, with hash, signature, public key and log entry beside them."""
    found = _erasure_or_404(request, number)
    answer = HttpResponse(paper.package_bytes(found), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{found.number}.json"'
    return answer


@require_GET
@requires(SEE)
def erasure_pdf(request: Request, number: str, language: str) -> HttpResponse:
    """The certificate on paper, in one of three languages."""
    found = _erasure_or_404(request, number)
    if language not in paper.LANGUAGES:
        raise NotFound
    answer = HttpResponse(paper.render(found, language=language), content_type="application/pdf")
    answer["Content-Disposition"] = f'inline; filename="{found.number}.{language}.pdf"'
    return answer
