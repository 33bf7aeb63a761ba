"""Who gets what from each address: one table, written down independently of the policy's own.

A row says which roles may open the address. For everybody else the answer follows from invariant 8:

    nobody signed in         the sign-in
    no role that may         403, the same for own, foreign and missing things
    may, at another site     404: what is there must not be known

`site` rows are about one site's thing, `mine` rows about something of the person's own, `everywhere`
rows about what is common to all sites, `any` rows are lists that show only what one may know.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cctv.retention.reconcile.models import FsckRun
from tests.people.world import Place, World

OPERATOR, APPROVER, OFFICER = "operator", "approver", "privacy_officer"
AUDITOR, ADMIN = "auditor", "administrator"
BROWSE = frozenset({OPERATOR, APPROVER})
VIEW = frozenset({OPERATOR})
HEALTH = frozenset({OPERATOR, APPROVER, ADMIN})
REGISTER = frozenset({OFFICER, ADMIN})
RULES = frozenset({OFFICER})
CHANGE = frozenset({ADMIN})
RETENTION = frozenset({APPROVER, OFFICER, AUDITOR})
LEDGER = frozenset({APPROVER, OFFICER, AUDITOR})
CONFIRM = frozenset({OFFICER})
FSCK = frozenset({OFFICER, ADMIN})
LOG = frozenset({OFFICER, AUDITOR})
ONLY_AUDITOR = frozenset({AUDITOR})
PEOPLE = frozenset({APPROVER, ADMIN})
MARKS = frozenset({OPERATOR, APPROVER, OFFICER})
HOLDS = frozenset({OPERATOR, APPROVER, OFFICER, AUDITOR})
HOLDING = frozenset({OPERATOR, APPROVER, OFFICER})
DECIDING = frozenset({APPROVER, OFFICER})
RESTRICTIONS = frozenset({APPROVER, OFFICER, AUDITOR})
RESTRICTING = frozenset({OFFICER})

Arguments = Callable[[Place, World], dict[str, Any]]


def nothing(_place: Place, _world: World) -> dict[str, Any]:
    return {}


def site(place: Place, _world: World) -> dict[str, Any]:
    return {"site_code": place.site.code}


def camera(place: Place, _world: World) -> dict[str, Any]:
    return {"camera_code": place.camera.code}


def site_camera(place: Place, world: World) -> dict[str, Any]:
    return site(place, world) | camera(place, world)


def day(place: Place, world: World) -> dict[str, Any]:
    return site_camera(place, world) | {"day": world.day}


def tile(_place: Place, _world: World) -> dict[str, Any]:
    return {"path": "0/000"}


def purpose(_place: Place, world: World) -> dict[str, Any]:
    return {"purpose_code": world.cast.fire.code}


def duty(place: Place, world: World) -> dict[str, Any]:
    return site(place, world) | {"pk": place.guard.pk}


def person(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.guard.pk}


def closed_person(_place: Place, world: World) -> dict[str, Any]:
    return {"pk": world.closed.pk}


def grant(place: Place, world: World) -> dict[str, Any]:
    return person(place, world) | {"grant": place.grant.pk}


def viewing(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.viewing.pk}


def viewing_camera(place: Place, world: World) -> dict[str, Any]:
    return viewing(place, world) | camera(place, world)


def segment(place: Place, world: World) -> dict[str, Any]:
    return viewing_camera(place, world) | {"segment": world.no_segment}


def number(place: Place, world: World) -> dict[str, Any]:
    return segment(place, world) | {"number": 0}


def mark(place: Place, world: World) -> dict[str, Any]:
    return site(place, world) | {"pk": world.no_segment}


def source(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.source.pk}


def recorder(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.recorder.pk}


def first_question(_place: Place, _world: World) -> dict[str, Any]:
    return {"name": "kind"}


def no_visit(_place: Place, world: World) -> dict[str, Any]:
    return {"pk": world.no_segment}


def quarantined(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.quarantined.pk}


def run(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.run.pk}


def fsck(_place: Place, _world: World) -> dict[str, Any]:
    return {"pk": FsckRun.objects.get_or_create(depth="presence")[0].pk}


def certificate(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.certificate.number}


def erasure(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.erasure.pk}


def certificate_in_japanese(place: Place, world: World) -> dict[str, Any]:
    return certificate(place, world) | {"language": "ja"}


def record_class(_place: Place, _world: World) -> dict[str, Any]:
    return {"record_class": "access"}


def erased_records(_place: Place, _world: World) -> dict[str, Any]:
    return {"number": "LC-2026-0001"}


def erased_records_in_japanese(place: Place, world: World) -> dict[str, Any]:
    return erased_records(place, world) | {"language": "ja"}


def hold(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.hold.number}


def restriction(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.restriction.pk}


def export(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.export.number}


def request_(place: Place, _world: World) -> dict[str, Any]:
    return {"reference": place.request.reference}


def any_copy(place: Place, _world: World) -> dict[str, Any]:
    return {"pk": place.request.pk}


def no_copy(place: Place, world: World) -> dict[str, Any]:
    """The world has sent no copy: whoever may see one finds none."""
    return request_(place, world) | {"pk": place.request.pk}


def no_paper(place: Place, world: World) -> dict[str, Any]:
    """Nor has anybody sent a picture."""
    return no_copy(place, world) | {"paper": place.request.pk}


def decision(place: Place, world: World) -> dict[str, Any]:
    return request_(place, world) | {"pk": place.decision.pk}


def appointment(place: Place, world: World) -> dict[str, Any]:
    return request_(place, world) | {"pk": place.appointment.pk}


def medium(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.medium.number}


def entry(place: Place, _world: World) -> dict[str, Any]:
    return {"index": place.entry}


def review(place: Place, _world: World) -> dict[str, Any]:
    return {"site": str(place.site.pk), "month": place.month}


def reviewed_entry(place: Place, world: World) -> dict[str, Any]:
    return review(place, world) | {"index": 0}


def review_pdf(place: Place, world: World) -> dict[str, Any]:
    return review(place, world) | {"language": "ja"}


def upload(place: Place, _world: World) -> dict[str, Any]:
    return {"code": place.camera.code, "start": "2026-03-01T00:00:00Z"}


@dataclass(frozen=True)
class Row:
    """`ok` is the answer to those who may; `refused` to those whose roles may not, 403 unless hidden.

    `knowing`: roles that may know of a site's thing without doing this, where it is hidden from others.
    """

    name: str
    kind: str
    roles: frozenset[str] = frozenset()
    arguments: Arguments = nothing
    method: str = "GET"
    ok: int = 200
    refused: int = 403
    data: dict[str, str] = field(default_factory=dict)
    knowing: frozenset[str] = frozenset()


def _in_site(prefix: str) -> dict[str, Row]:
    """The register's addresses below a site."""
    return {
        prefix: Row("register-site", "site", REGISTER, site),
        f"{prefix}edit/": Row("site-edit", "site", CHANGE, site),
        f"{prefix}retire/": Row("site-retire", "site", CHANGE, site),
        f"{prefix}zones/add/": Row("zone-add", "site", CHANGE, site),
        f"{prefix}cameras/add/": Row("camera-add", "site", CHANGE, site),
        f"{prefix}duty/": Row("site-duty", "site", REGISTER, site),
        f"{prefix}duty/<uuid:pk>/": Row("site-duty-person", "site", REGISTER, duty),
        f"{prefix}rules/add/": Row("rule-add", "site", RULES, site),
    }


def _in_review(prefix: str) -> dict[str, Row]:
    """A site's month: begun, with nothing to decide on, not signed."""
    return {
        prefix: Row("log_review_month", "site", LOG, review, refused=404),
        f"{prefix}entries/<int:index>/": Row(
            "log_review_decide", "site", LOG, reviewed_entry, "POST", 404, 404
        ),
        f"{prefix}sign/": Row("log_review_sign", "site", CONFIRM, review, refused=404, knowing=ONLY_AUDITOR),
        f"{prefix}review.<str:language>.pdf": Row(
            "log_review_pdf", "site", LOG, review_pdf, ok=404, refused=404
        ),
    }


def redaction(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.redaction.number}


def result_part(place: Place, world: World) -> dict[str, Any]:
    return redaction(place, world) | {"place": 0}


def _viewing(prefix: str) -> dict[str, Row]:
    """One's own viewing. There is no segment in it, so its pictures are missing for its owner as well."""
    of_camera = f"{prefix}<slug:camera_code>/"
    of_segment = f"{of_camera}<uuid:segment>/"
    return {
        prefix: Row("viewing", "mine", VIEW, viewing),
        f"{prefix}close/": Row("viewing-close", "mine", VIEW, viewing, "POST", 302),
        f"{prefix}extend/": Row("viewing-extend", "mine", VIEW, viewing, "POST", 302),
        f"{prefix}alive/": Row("viewing-alive", "mine", VIEW, viewing, "POST"),
        f"{of_camera}index.m3u8": Row("viewing-playlist", "mine", VIEW, viewing_camera),
        f"{of_segment}init.mp4": Row("viewing-init", "mine", VIEW, segment, ok=404),
        f"{of_segment}<int:number>.m4s": Row("viewing-part", "mine", VIEW, number, ok=404),
        f"{of_segment}thumb.jpg": Row("viewing-thumb", "mine", VIEW, segment, ok=404),
        f"{of_camera}motion.json": Row("viewing-motion", "mine", VIEW, viewing_camera, ok=400),
        f"{of_camera}search.json": Row("viewing-search", "mine", VIEW, viewing_camera, "POST", 400),
        f"{of_camera}still.jpg": Row("viewing-still", "mine", VIEW, viewing_camera, "POST", 404),
        f"{of_camera}still.json": Row("viewing-still-keep", "mine", VIEW, viewing_camera, "POST", 404),
        f"{of_camera}recent.json": Row("viewing-recent", "mine", VIEW, viewing_camera),
        f"{prefix}bookmarks.json": Row("viewing-bookmarks", "mine", VIEW, viewing),
        f"{prefix}purpose/": Row("viewing-purpose", "mine", VIEW, viewing),
        f"{prefix}redact/": Row("redaction-new", "mine", VIEW, viewing),
    }


def _marks(prefix: str) -> dict[str, Row]:
    """What is kept of a site's footage. Nothing is, so a still and a bookmark are missing for all."""
    of_still, of_bookmark = f"{prefix}stills/<uuid:pk>/", f"{prefix}bookmarks/<uuid:pk>/"
    return {
        f"{prefix}stills/": Row("stills", "site", MARKS, site),
        of_still: Row("still", "site", MARKS, mark, ok=404),
        f"{of_still}picture.jpg": Row("still-picture", "site", VIEW, mark, "POST", 404),
        f"{of_still}delete/": Row("still-delete", "site", MARKS, mark, "POST", 404),
        f"{prefix}bookmarks/": Row("bookmarks", "site", MARKS, site),
        f"{prefix}bookmarks/restore/": Row("bookmark-restore", "site", MARKS, site, "POST", 410),
        of_bookmark: Row("bookmark", "site", VIEW, mark, ok=404),
        f"{of_bookmark}remove/": Row("bookmark-remove", "site", MARKS, mark, "POST", 404),
    }


def _editor(prefix: str) -> dict[str, Row]:
    """Inside an own open viewing, which these addresses do not name."""
    return {
        f"{prefix}edit/": Row("redaction-edit", "site", VIEW, redaction, ok=410),
        f"{prefix}data.json": Row("redaction-data", "site", VIEW, redaction, ok=400),
        f"{prefix}edits.json": Row("redaction-edits", "site", VIEW, redaction, "POST", 400),
        f"{prefix}undo.json": Row("redaction-undo", "site", VIEW, redaction, "POST", 400),
        f"{prefix}redo.json": Row("redaction-redo", "site", VIEW, redaction, "POST", 400),
        f"{prefix}keep-mask.json": Row("redaction-keep-mask", "site", VIEW, redaction, "POST", 400),
        f"{prefix}submit.json": Row("redaction-submit", "site", VIEW, redaction, "POST", 400),
        f"{prefix}preview.jpg": Row("redaction-preview", "site", VIEW, redaction, ok=400),
        f"{prefix}preview.mp4": Row("redaction-preview-clip", "site", VIEW, redaction, ok=400),
    }


def _redaction(prefix: str) -> dict[str, Row]:
    """One that is being corrected: nothing of it is rendered, so there is nothing to review and to show."""
    in_review = f"{prefix}review/"
    return {
        prefix: Row("redaction", "site", HOLDING, redaction),
        f"{prefix}progress.json": Row("redaction-progress", "site", HOLDING, redaction),
        f"{prefix}cancel/": Row("redaction-cancel", "site", VIEW, redaction, "POST", 302),
        f"{prefix}again/": Row("redaction-again", "site", VIEW, redaction, "POST", 302),
        f"{prefix}result/index.m3u8": Row("redaction-result", "site", HOLDING, redaction, ok=409),
        f"{prefix}result/init.mp4": Row("redaction-result-init", "site", HOLDING, redaction, ok=409),
        f"{prefix}result/<int:place>.m4s": Row("redaction-result-part", "site", HOLDING, result_part, ok=409),
        in_review: Row("redaction-review", "site", HOLDING, redaction, ok=409),
        f"{in_review}moments.json": Row("redaction-review-moments", "site", HOLDING, redaction, "POST", 409),
        f"{in_review}decide/": Row("redaction-review-decide", "site", HOLDING, redaction, "POST", 409),
        f"{prefix}scene/": Row("redaction-scene", "site", HOLDING, redaction, ok=410),
        f"{prefix}scene/still.jpg": Row("redaction-scene-still", "site", HOLDING, redaction, ok=410),
        f"{prefix}scene/decide/": Row("redaction-scene-decide", "site", HOLDING, redaction, "POST", 410),
    }


def _requests(prefix: str) -> dict[str, Row]:
    """One that is being worked on; nothing is held for it, and what was sealed does not open any more."""
    of_decision = f"{prefix}decisions/<uuid:pk>/"
    return {
        prefix: Row("request", "site", HOLDING, request_),
        f"{prefix}contact/": Row("request-contact", "site", RESTRICTING, request_, "POST", 410),
        f"{prefix}identity/": Row("request-identity", "site", RESTRICTING, request_, "POST", 302),
        f"{prefix}identity/ask/": Row("request-identity-ask", "site", RESTRICTING, request_, "POST", 302),
        f"{prefix}identity/secret/": Row(
            "request-identity-secret", "site", RESTRICTING, request_, "POST", 302
        ),
        f"{prefix}identity/<uuid:pk>/": Row("request-identity-look", "site", RESTRICTING, no_copy, ok=404),
        f"{prefix}identity/<uuid:pk>/verdict/": Row(
            "request-identity-verdict", "site", RESTRICTING, no_copy, "POST", 404
        ),
        f"{prefix}identity/<uuid:pk>/<uuid:paper>.jpg": Row(
            "request-identity-picture", "site", RESTRICTING, no_paper, ok=404
        ),
        f"{prefix}assign/": Row("request-assign", "site", RESTRICTING, request_, "POST", 302),
        f"{prefix}write/": Row("request-write", "site", RESTRICTING, request_),
        f"{prefix}clock/": Row("request-clock", "site", RESTRICTING, request_),
        f"{prefix}appointments/": Row("request-appoint", "site", RESTRICTING, request_),
        f"{prefix}appointments/<uuid:pk>/": Row(
            "request-appointment", "site", RESTRICTING, appointment, "POST", 302
        ),
        f"{prefix}objection/": Row("request-objection", "site", RESTRICTING, request_, "POST", 302),
        f"{prefix}withdraw/": Row("request-withdraw", "site", RESTRICTING, request_),
        f"{prefix}receipt.pdf": Row("request-receipt", "site", RESTRICTING, request_, "POST"),
        f"{prefix}kept.pdf": Row("request-slip", "site", RESTRICTING, request_, ok=404),
        f"{prefix}extension.pdf": Row("request-extension", "site", RESTRICTING, request_, ok=404),
        # the world's request holds nothing: only who may look at any footage finds anything
        f"{prefix}find/": Row("request-find", "site", VIEW, request_, "POST", 302, knowing=DECIDING),
        f"{prefix}stop/": Row("request-stop", "site", RESTRICTING, request_, "POST", 302),
        f"{prefix}carry-out/<uuid:pk>/": Row("request-carry-out", "site", RESTRICTING, decision, "POST", 404),
        f"{prefix}copies/<uuid:pk>/": Row("request-copy", "site", RESTRICTING, no_copy, ok=404),
        f"{prefix}showing/<uuid:pk>/clip.mp4": Row("request-showing", "site", RESTRICTING, no_copy, ok=404),
        f"{prefix}decision/": Row("request-propose", "site", RESTRICTING, request_),
        of_decision: Row("request-decision", "site", DECIDING, decision),
        f"{of_decision}decide/": Row("request-decide", "site", DECIDING, decision, "POST", 302),
        f"{of_decision}letter.pdf": Row("request-letter", "site", DECIDING, decision, ok=404),
    }


def _exports(prefix: str) -> dict[str, Row]:
    """One that somebody else has withdrawn: there is nothing to decide on, and nothing to do again."""
    return {
        prefix: Row("export", "site", HOLDS, export),
        f"{prefix}edit/": Row("export-edit", "site", HOLDING, export, ok=302),
        f"{prefix}decide/": Row("export-decide", "site", DECIDING, export, "POST", 302),
        f"{prefix}urgent/": Row("export-urgent", "site", DECIDING, export, "POST", 302),
        f"{prefix}withdraw/": Row(
            "export-withdraw", "site", DECIDING, export, "POST", 409, knowing=frozenset({OPERATOR, AUDITOR})
        ),
        f"{prefix}watch/": Row("export-watch", "site", DECIDING, export, "POST", 404),
        f"{prefix}again/": Row("export-again", "site", HOLDING, export, "POST", 302),
        f"{prefix}progress.json": Row("export-progress", "site", HOLDS, export),
    }


def case(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.case.number}


def case_span(place: Place, world: World) -> dict[str, Any]:
    return case(place, world) | {"pk": place.case_span.pk}


def letter(place: Place, world: World) -> dict[str, Any]:
    return case(place, world) | {"pk": place.letter.pk}


def notice(place: Place, _world: World) -> dict[str, Any]:
    return {"number": place.notice.number}


def _cases(prefix: str) -> dict[str, Row]:
    """An open one, with a letter that has no file."""
    one = f"{prefix}letters/<uuid:pk>/"
    return {
        prefix: Row("case", "site", HOLDS, case),
        f"{prefix}edit/": Row("case-edit", "site", HOLDING, case),
        f"{prefix}footage/": Row("case-span", "site", HOLDING, case),
        f"{prefix}footage/<int:pk>/remove/": Row("case-span-remove", "site", HOLDING, case_span, "POST", 302),
        f"{prefix}close/": Row("case-close", "site", HOLDING, case),
        f"{prefix}reopen/": Row("case-reopen", "site", HOLDING, case, "POST", 302),
        f"{prefix}letters/add/": Row("letter-new", "site", HOLDING, case),
        one: Row("letter", "site", HOLDS, letter),
        f"{one}text/": Row("letter-text", "site", HOLDS, letter, "POST"),
        f"{one}file/": Row("letter-file", "site", HOLDS, letter, "POST", 410),
    }


def _provisions(prefix: str) -> dict[str, Row]:
    """A notice that is told and answered."""
    one = f"{prefix}notices/<str:number>/"
    return {
        prefix: Row("provisions", "any", LEDGER),
        f"{prefix}provisions.csv": Row("provisions-csv", "any", LEDGER),
        f"{prefix}statistics/": Row("provision-statistics", "any", LEDGER),
        f"{prefix}statistics.csv": Row("provision-statistics-csv", "any", LEDGER),
        f"{prefix}notices/": Row("notices", "any", LEDGER),
        one: Row("notice", "site", LEDGER, notice),
        f"{one}letter.pdf": Row("notice-letter", "site", LEDGER, notice),
        f"{one}told/": Row("notice-told", "site", CONFIRM, notice, "POST", 409, data={"how": "by letter"}),
        f"{one}answered/": Row("notice-answered", "site", CONFIRM, notice, "POST", 409),
    }


def copy(place: Place, world: World) -> dict[str, Any]:
    return export(place, world) | {"copy": 1}


def copy_in_japanese(place: Place, world: World) -> dict[str, Any]:
    return copy(place, world) | {"language": "ja"}


def link_token(_place: Place, _world: World) -> dict[str, Any]:
    return {"token": "A" * 43}


def _copies(prefix: str) -> dict[str, Row]:
    """Of an export that was withdrawn: nothing can be handed over, and nothing was."""
    one = f"{prefix}copies/<int:copy>/"
    return {
        f"{prefix}link/": Row("handing-link", "site", HOLDING, export, ok=302),
        f"{prefix}medium/": Row("handing-medium", "site", HOLDING, export, ok=302),
        one: Row("handing-copy", "site", HOLDS, copy, ok=404),
        f"{one}package.zip": Row("handing-package", "site", HOLDING, copy, ok=404),
        f"{one}give/": Row("handing-give", "site", HOLDING, copy, "POST", 404),
        f"{one}end/": Row("handing-end", "site", HOLDING, copy, "POST", 404),
        f"{one}received/": Row("handing-received", "site", HOLDING, copy, "POST", 404),
        f"{one}receipt.<str:language>.pdf": Row("handing-receipt", "site", HOLDING, copy_in_japanese, ok=404),
    }


MATRIX: dict[str, Row] = {
    # shell and supervision
    "": Row("home", "signed_in", ok=302),
    "theme/": Row("theme", "open", method="POST", ok=302),
    "language/": Row("language", "open", method="POST", ok=302),
    "styleguide/": Row("styleguide", "open", ok=404),
    "healthz": Row("healthz", "open"),
    "readyz": Row("readyz", "open"),
    "metrics": Row("metrics", "open"),
    # signing in
    "accounts/login/": Row("account_login", "open", ok=200),
    "accounts/logout/": Row("account_logout", "open", ok=200),
    "accounts/inactive/": Row("account_inactive", "open"),
    "accounts/reauthenticate/": Row("account_reauthenticate", "signed_in"),
    "accounts/password/change/": Row("account_change_password", "signed_in"),
    "account/": Row("account", "signed_in"),
    # people
    "people/": Row("people", "any", PEOPLE),
    "people/add/": Row("person-add", "any", CHANGE),
    "people/mail/": Row("outbox", "any", CHANGE),
    "people/<uuid:pk>/": Row("person", "site", PEOPLE, person),
    "people/<uuid:pk>/edit/": Row("person-edit", "site", CHANGE, person),
    "people/<uuid:pk>/password/": Row("person-password", "site", CHANGE, person),
    "people/<uuid:pk>/deactivate/": Row("person-deactivate", "site", CHANGE, person),
    "people/<uuid:pk>/reactivate/": Row("person-reactivate", "site", CHANGE, person),
    "people/<uuid:pk>/grants/add/": Row("grant-add", "site", PEOPLE, person),
    "people/<uuid:pk>/grants/<uuid:grant>/revoke/": Row("grant-revoke", "site", PEOPLE, grant),
    # the register
    "register/": Row("register", "any", REGISTER),
    "register/sites/add/": Row("site-add", "everywhere", CHANGE),
    **_in_site("register/sites/<slug:site_code>/"),
    "register/cameras/<slug:camera_code>/": Row("register-camera", "site", REGISTER, camera),
    "register/cameras/<slug:camera_code>/edit/": Row("camera-edit", "site", CHANGE, camera),
    "register/cameras/<slug:camera_code>/retire/": Row("camera-retire", "site", CHANGE, camera),
    "register/cameras/<slug:camera_code>/masks/": Row("camera-masks", "site", CHANGE, camera),
    "register/cameras/<slug:camera_code>/rules/add/": Row("rule-add", "site", RULES, camera),
    "register/purposes/": Row("purposes", "any", REGISTER),
    "register/purposes/add/": Row("purpose-add", "everywhere", CHANGE),
    "register/purposes/<slug:purpose_code>/edit/": Row("purpose-edit", "everywhere", CHANGE, purpose),
    "register/purposes/<slug:purpose_code>/retire/": Row("purpose-retire", "everywhere", CHANGE, purpose),
    "register/rules/add/": Row("rule-add", "everywhere", RULES),
    # browsing and viewing
    "sites/": Row("sites", "any", BROWSE),
    "sites/<slug:site_code>/": Row("site", "site", BROWSE, site),
    "sites/<slug:site_code>/cameras/<slug:camera_code>/": Row("camera", "site", BROWSE, site_camera),
    "sites/<slug:site_code>/cameras/<slug:camera_code>/<isodate:day>/": Row(
        "camera-day", "site", BROWSE, day
    ),
    "sites/<slug:site_code>/timeline.json": Row(
        "site-timeline", "site", BROWSE, site, data={"from": "1772323200000", "to": "1772409600000"}
    ),
    "sites/<slug:site_code>/wall/": Row("site-wall", "site", BROWSE, site),
    "sites/<slug:site_code>/health/": Row("site-health", "site", HEALTH, site),
    "sites/<slug:site_code>/health/gaps.csv": Row("site-gaps", "site", HEALTH, site),
    "sites/<slug:site_code>/cameras/<slug:camera_code>/health/": Row(
        "camera-health", "site", HEALTH, site_camera
    ),
    "sites/<slug:site_code>/view/": Row("viewing-new", "site", VIEW, site, ok=400),
    "viewings/": Row("viewings", "any", VIEW),
    **_marks("sites/<slug:site_code>/"),
    **_viewing("viewings/<uuid:pk>/"),
    # ingest
    "api/v1/openapi.json": Row("api-openapi", "open"),
    "api/v1/cameras/<str:code>/segments/<str:start>": Row(
        "api-segment", "token", arguments=upload, method="PUT"
    ),
    "sources/": Row("sources", "any", CHANGE),
    "sources/new/": Row("source-add", "any", CHANGE),
    "sources/<uuid:pk>/": Row("source-edit", "site", CHANGE, source),
    "sources/<uuid:pk>/retire/": Row("source-retire", "site", CHANGE, source),
    "recorders/": Row("recorders", "any", CHANGE),
    "recorders/new/": Row("recorder-add", "any", CHANGE),
    "recorders/<uuid:pk>/revoke/": Row("recorder-revoke", "site", CHANGE, recorder),
    "quarantine/": Row("quarantine", "any", CHANGE),
    "quarantine/<uuid:pk>/retry/": Row("quarantine-retry", "site", CHANGE, quarantined, "POST", 410),
    # retention
    "retention/": Row("retention", "any", RETENTION),
    "retention/runs/": Row("purge-runs", "any", RETENTION),
    "retention/runs/<uuid:pk>/": Row("purge-run", "site", RETENTION, run),
    "retention/runs/<uuid:pk>/confirm/": Row("purge-run-confirm", "site", CONFIRM, run, ok=302),
    "retention/erasures/": Row("erasures", "any", CONFIRM),
    "retention/erasures/new/<slug:camera_code>/": Row("erase", "site", CONFIRM, camera),
    "retention/erasures/<uuid:pk>/": Row("erasure", "site", CONFIRM, erasure),
    "retention/certificates/": Row("certificates", "any", RETENTION),
    "retention/certificates/<str:number>/": Row("certificate", "site", RETENTION, certificate),
    "retention/certificates/<str:number>/facts.json": Row("certificate-json", "site", RETENTION, certificate),
    "retention/certificates/<str:number>/certificate.<str:language>.pdf": Row(
        "certificate-pdf", "site", RETENTION, certificate_in_japanese
    ),
    "certificate/": Row("certificate-check", "open"),
    "certificate/key": Row("certificate-key", "open"),
    "certificate/<str:number>/": Row("certificate-public", "open", arguments=certificate),
    # records are common to all sites; none of them has ended here, so there is no certificate
    "retention/records/": Row("records", "everywhere", RETENTION),
    "retention/records/rules/<slug:record_class>/": Row("record-rule", "everywhere", RULES, record_class),
    "retention/records/rules/<slug:record_class>/withdraw/": Row(
        "record-rule-withdraw", "everywhere", RULES, record_class, "POST", 302
    ),
    "retention/records/certificates/<str:number>/": Row(
        "record-erasure", "everywhere", RETENTION, erased_records, ok=404
    ),
    "retention/records/certificates/<str:number>/facts.json": Row(
        "record-erasure-json", "everywhere", RETENTION, erased_records, ok=404
    ),
    "retention/records/certificates/<str:number>/certificate.<str:language>.pdf": Row(
        "record-erasure-pdf", "everywhere", RETENTION, erased_records_in_japanese, ok=404
    ),
    # the ledger
    "ledger/": Row("ledger", "any", LEDGER),
    "ledger/ledger.csv": Row("ledger-csv", "any", LEDGER),
    "ledger/ledger.pdf": Row("ledger-pdf", "any", LEDGER),
    # prints and media: the one of the world is kept here, so there is nothing to take back
    "cases/": Row("cases", "any", HOLDS),
    "sites/<slug:site_code>/case/": Row("case-new", "site", HOLDING, site),
    **_cases("cases/<str:number>/"),
    **_provisions("provisions/"),
    "inbox/": Row("inbox", "any", DECIDING),
    "exports/": Row("exports", "any", HOLDS),
    "exports/new/<slug:site_code>/": Row("export-new", "site", HOLDING, site),
    **_exports("exports/<str:number>/"),
    **_copies("exports/<str:number>/"),
    # what a recipient opens without an account; no such link was made
    "d/<str:token>/": Row("take", "open", arguments=link_token, ok=404),
    "d/<str:token>/download/": Row("take-download", "open", arguments=link_token, ok=404),
    "d/<str:token>/received/": Row("take-receipt", "open", arguments=link_token, method="POST", ok=404),
    # the public portal: nobody signs in; pages of a request lead to the page that asks for its secret
    "portal/": Row("portal", "open"),
    "portal/cameras/": Row("portal-cameras", "open"),
    "portal/privacy/": Row("portal-privacy", "open"),
    "portal/cookies/": Row("portal-cookies", "open"),
    "portal/accessibility/": Row("portal-accessibility", "open"),
    "portal/no-harvesting/": Row("portal-harvesting", "open"),
    "portal/contact/": Row("portal-contact", "open"),
    "portal/ask/": Row("portal-ask", "open", ok=302),
    "portal/ask/leave/": Row("portal-leave", "open", ok=302),
    "portal/ask/check/": Row("portal-check", "open", method="POST", ok=400),
    "portal/ask/<slug:name>/": Row(
        "portal-question", "open", arguments=first_question, method="POST", ok=400
    ),
    "portal/receipt/": Row("portal-receipt", "open", ok=302),
    "portal/receipt/receipt.pdf": Row("portal-receipt-pdf", "open", ok=302),
    "portal/open/": Row("portal-open", "open"),
    "portal/status/": Row("portal-status", "open", ok=302),
    "portal/status/write/": Row("portal-write", "open", method="POST", ok=302),
    "portal/status/withdraw/": Row("portal-withdraw", "open", method="POST", ok=302),
    "portal/status/visit/<uuid:pk>/": Row("portal-visit", "open", arguments=no_visit, method="POST", ok=302),
    "portal/status/close/": Row("portal-shut", "open", method="POST", ok=302),
    "portal/slip/": Row("portal-slip", "open", ok=302),
    "portal/slip/slip.pdf": Row("portal-slip-pdf", "open", ok=302),
    "portal/decision/": Row("portal-decision", "open", ok=302),
    "portal/decision/letter.pdf": Row("portal-letter", "open", ok=302),
    "portal/decision/object/": Row("portal-object", "open", method="POST", ok=302),
    "portal/identity/": Row("portal-identity", "open", ok=302),
    "portal/identity/code/": Row("portal-identity-code", "open", method="POST", ok=302),
    "portal/lost/": Row("portal-lost", "open"),
    "portal/lost/secret/": Row("portal-lost-secret", "open", ok=302),
    "portal/lost/show/": Row("portal-lost-show", "open", ok=302),
    "media/": Row("media", "any", HOLDS),
    "media/new/": Row("medium-new", "any", HOLDING),
    "media/<str:number>/": Row("medium", "site", HOLDS, medium),
    "media/<str:number>/hand-over/": Row("medium-hand-over", "site", HOLDING, medium),
    "media/<str:number>/return/": Row("medium-return", "site", HOLDING, medium, ok=302),
    "media/<str:number>/destroy/": Row("medium-destroy", "site", HOLDING, medium),
    "health/": Row("health", "everywhere", CHANGE),
    "retention/checks/": Row("fsck", "any", FSCK),
    "retention/checks/<uuid:pk>/": Row("fsck-run", "any", FSCK, fsck),
    # requests of people who were filmed
    "requests/": Row("requests", "any", HOLDING),
    "requests/screening/": Row("requests-screening", "any", RESTRICTING),
    "requests/new/<slug:site_code>/": Row("request-new", "site", RESTRICTING, site),
    **_requests("requests/<str:reference>/"),
    # the portal's copies: nobody has opened a request in this browser
    "portal/result/<uuid:pk>/": Row("portal-result", "open", arguments=any_copy, ok=302),
    "portal/result/<uuid:pk>/code/": Row("portal-result-code", "open", arguments=any_copy, ok=302),
    "portal/result/<uuid:pk>/clip.mp4": Row("portal-result-clip", "open", arguments=any_copy, ok=302),
    "portal/watched/": Row("portal-watched", "open", ok=302),
    "portal/watched/proofs.zip": Row("portal-watched-proofs", "open", ok=302),
    # holds: the one of the world is in force, so there is nothing to confirm or refuse
    "holds/": Row("holds", "any", HOLDS),
    "sites/<slug:site_code>/hold/": Row("hold-new", "site", HOLDING, site),
    "holds/<str:number>/": Row("hold", "site", HOLDS, hold),
    "holds/<str:number>/confirm/": Row("hold-confirm", "site", DECIDING, hold, "POST", 409),
    "holds/<str:number>/refuse/": Row("hold-refuse", "site", DECIDING, hold, ok=302),
    "holds/<str:number>/release/": Row("hold-release", "site", DECIDING, hold),
    "holds/<str:number>/prolong/": Row("hold-prolong", "site", DECIDING, hold),
    # redactions: of the world's, the footage is gone
    "redactions/": Row("redactions", "any", HOLDING),
    **_redaction("redactions/<str:number>/"),
    **_editor("redactions/<str:number>/"),
    # restrictions: what nobody is shown for now
    "restrictions/": Row("restrictions", "any", RESTRICTIONS),
    "sites/<slug:site_code>/restrict/": Row("restriction-new", "site", RESTRICTING, site),
    "restrictions/<uuid:pk>/": Row("restriction", "site", RESTRICTIONS, restriction),
    "restrictions/<uuid:pk>/lift/": Row("restriction-lift", "site", RESTRICTING, restriction),
    # the log hides altogether from those who may not read it
    "log/": Row("log", "any", LOG, refused=404),
    "log/export.csv": Row("log_csv", "any", LOG, refused=404),
    "log/export.pdf": Row("log_pdf", "any", LOG, refused=404),
    "log/<int:index>/": Row("log_entry", "site", LOG, entry, refused=404),
    # the world publishes nothing
    "log/<int:index>/proof": Row("log_proof", "site", LOG, entry, refused=404),
    "log/check/": Row("log_check", "any", LOG, refused=404),
    "log/check/lethe_verify.py": Row("log_program", "any", LOG, refused=404),
    "log/public/checkpoint": Row("log_checkpoint", "any", LOG, ok=404, refused=404),
    "log/public/tile/<path:path>": Row("log_tile", "any", LOG, tile, ok=404, refused=404),
    "log/public/key": Row("log_key", "any", LOG, refused=404),
    "log/review/": Row("log_review", "any", LOG, refused=404),
    "log/review/rules/": Row("log_review_rules", "any", LOG, refused=404),
    **_in_review("log/review/<str:site>/<str:month>/"),
}
