"""What the access log says of exports. Who exactly receives one is sealed with it, not here."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

WHAT = frozenset({"export", "site", "case", "cameras", "from", "to", "recipient"})
WHO = WHAT | {"actor", "terminal"}
WHY = frozenset({"purpose", "ground", "spans", "recipient_kind", "keep_days"})
_SAID = frozenset({"document", "letter", "asked_again"})

EXPORT_ASKED, RETURNED, APPROVED = "export.asked", "export.returned", "export.approved"
REJECTED, WITHDRAWN = "export.rejected", "export.withdrawn"
URGENT, CONFIRMED, VIOLATED = "export.urgent", "export.confirmed", "export.violated"

for _kind, _required, _optional, _sentence, _icon in (
    (
        EXPORT_ASKED, WHO | WHY, _SAID,
        _("{actor} asked for export {export} of {cameras}, {from}–{to}, for {recipient}, case {case}."),
        "export",
    ),
    (
        URGENT, WHO | WHY | {"approve_by"}, _SAID,
        _("{actor} released export {export} of {cameras}, {from}–{to}, for {recipient} as urgent, before"
          " anybody had approved it."),
        "warn",
    ),
    (RETURNED, WHO | {"reason"}, frozenset(), _("{actor} asked back about export {export}, case {case}."),
     "undo"),
    (
        APPROVED, WHO | {"spans", "ground"}, frozenset({"watched_s", "purpose"}),
        _("{actor} approved export {export} of {cameras}, {from}–{to}, for {recipient}, case {case}."),
        "check",
    ),
    (REJECTED, WHO | {"reason"}, frozenset(), _("{actor} rejected export {export}, case {case}."), "x"),
    (WITHDRAWN, WHO, frozenset({"reason"}), _("{actor} withdrew export {export}, case {case}."), "x"),
    (
        CONFIRMED, WHO | {"late"}, frozenset({"spans", "ground", "purpose"}),
        _("{actor} approved the urgent export {export} for {recipient} afterwards."), "check",
    ),
    (
        VIOLATED, WHAT | {"why"}, frozenset({"actor", "terminal", "reason"}),
        _("The urgent export {export} for {recipient} was not approved: a violation."), "warn",
    ),
):  # fmt: skip
    register(
        EventType(
            kind=_kind,
            required=_required,
            optional=_optional,
            sentence=_sentence,
            personal=frozenset({"actor", "terminal", "recipient", "reason"}) & (_required | _optional),
            icon=_icon,
            keep="ledger",
            link=("export", "export.name"),
        )
    )
