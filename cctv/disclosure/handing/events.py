"""What the access log says of copies that are handed over. Who exactly takes one is sealed with the
package."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.disclosure.exports.models import FileKind
from cctv.disclosure.packaging.files import part_of
from cctv.vault import services as vault

LINK_MADE, SENT, REFUSED, RECEIVED = "export.link_made", "export.sent", "export.refused", "export.received"
LINK_ENDED, OPENED, RESTORED = "export.link_ended", "export.link_opened", "export.links_restored"

_COPY = frozenset({"export", "site", "case", "copy", "recipient"})
_WHO = frozenset({"actor", "terminal"})
_PERSONAL = frozenset({"actor", "terminal", "recipient"})

for _kind, _required, _optional, _sentence, _icon in (
    (
        LINK_MADE, _WHO | {"way", "sealing", "until", "downloads"}, frozenset({"medium"}),
        _("{actor} made copy {copy} of export {export} ready for {recipient}, until {until}."), "key",
    ),
    (
        SENT, _WHO | {"camera", "from", "to", "way", "sealing"}, frozenset({"purpose", "medium"}),
        _("Copy {copy} of export {export}, {camera} {from}–{to}, was sent to {actor}."), "export",
    ),
    (
        OPENED, _WHO, frozenset(),
        _("{actor} gave the code of copy {copy} of export {export} and saw what is in it."), "eye",
    ),
    (
        REFUSED, frozenset({"terminal", "attempts"}), frozenset(),
        _("The link to copy {copy} of export {export} was closed: a wrong code was given {attempts} times."),
        "warn",
    ),
    (
        RECEIVED, _WHO, frozenset(),
        _("{actor} confirmed that copy {copy} of export {export} for {recipient} was received."), "check",
    ),
    (
        LINK_ENDED, _WHO, frozenset(),
        _("{actor} ended copy {copy} of export {export} for {recipient}: its link opens nothing any more."),
        "x",
    ),
):  # fmt: skip
    register(
        EventType(
            kind=_kind,
            required=_COPY | _required,
            optional=_optional,
            sentence=_sentence,
            personal=_PERSONAL & (_COPY | _required),
            icon=_icon,
            keep="ledger",
            link=("export", "export.name"),
        )
    )

register(
    EventType(
        kind=RESTORED,
        required=frozenset({"count", "exports"}),
        optional=frozenset(),
        sentence=_("A restore ended {count} links to copies: they open nothing any more."),
        personal=frozenset(),
        icon="x",
        keep="ledger",
    )
)

vault.register_person_kind(SENT, *(part_of(kind) for kind in FileKind))
