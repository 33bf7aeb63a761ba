"""What the access log says of packages: made, ended, and the key that signs them."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

PACKAGED, ENDED, KEY = "export.packaged", "export.ended", "export.key"
_LINK = ("export", "export.name")

register(
    EventType(
        kind=PACKAGED,
        required=frozenset(
            {"export", "site", "case", "cameras", "manifest_sha256", "files", "bytes", "until"}
        ),
        optional=frozenset({"from", "to", "urgent"}),
        sentence=_("The package of export {export} was made: {files} files, kept until {until}."),
        icon="export",
        keep="ledger",
        link=_LINK,
    )
)
register(
    EventType(
        kind=ENDED,
        required=frozenset({"export", "site", "case", "cameras", "why"}),
        optional=frozenset({"from", "to", "manifest_sha256", "actor", "terminal"}),
        sentence=_("The package of export {export} ends: {why}. Its key and all its files are destroyed."),
        personal=frozenset({"actor", "terminal"}),
        icon="trash",
        keep="ledger",
        link=_LINK,
    )
)
register(
    EventType(
        kind=KEY,
        required=frozenset({"vkey"}),
        optional=frozenset(),
        sentence=_("Packages are signed with the key {vkey} from now on."),
        icon="key",
        # Without what it says, nobody could tell any more whose signature a package bears.
        keep="always",
    )
)
