"""What the access log says of accounts, roles and sign-ins."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register
from cctv.people import signals

WHO = frozenset({"actor", "object"})
PERSONAL = frozenset({"actor", "object", "terminal"})
TERMINAL = frozenset({"terminal"})
PERSON = ("person", "object.id")

register(
    EventType(
        kind="account.created",
        required=WHO | {"employer"},
        optional=TERMINAL,
        sentence=_("{actor} made an account for {object} of {employer}."),
        personal=PERSONAL,
        icon="user",
        keep="permission",
        link=PERSON,
    )
)
register(
    EventType(
        kind="account.changed",
        required=WHO | {"before", "after"},
        optional=TERMINAL,
        sentence=_("{actor} changed the account of {object}."),
        personal=PERSONAL | {"before", "after"},
        icon="user",
        keep="permission",
        link=PERSON,
    )
)
register(
    EventType(
        kind="account.password_set",
        required=WHO,
        optional=TERMINAL,
        sentence=_("{actor} set a new password for {object}."),
        personal=PERSONAL,
        icon="key",
        keep="permission",
        link=PERSON,
    )
)
register(
    EventType(
        kind="account.deactivated",
        required=WHO | {"roles"},
        optional=TERMINAL,
        sentence=_("{actor} closed the account of {object} and took back every role."),
        personal=PERSONAL,
        icon="off",
        keep="permission",
        link=PERSON,
    )
)
register(
    EventType(
        kind="account.reactivated",
        required=WHO,
        optional=TERMINAL,
        sentence=_("{actor} opened the account of {object} again, without any role."),
        personal=PERSONAL,
        icon="user",
        keep="permission",
        link=PERSON,
    )
)
register(
    EventType(
        kind="role.granted",
        required=WHO | {"role", "where", "from"},
        optional=TERMINAL | {"site", "until"},
        sentence=_("{actor} gave {object} the role {role} at {where}."),
        personal=PERSONAL,
        icon="key",
        keep="permission",
        link=PERSON,
    )
)
register(
    EventType(
        kind="role.revoked",
        required=WHO | {"role", "where"},
        optional=TERMINAL | {"site"},
        sentence=_("{actor} took the role {role} at {where} from {object}."),
        personal=PERSONAL,
        icon="key",
        keep="permission",
        link=PERSON,
    )
)
for _kind, _sentence, _icon in (
    ("account.signed_in", _("{actor} signed in at {terminal}."), "user"),
    ("account.signed_out", _("{actor} signed out at {terminal}."), "signout"),
    ("account.sign_in_failed", _("A sign-in as {actor} failed at {terminal}."), "warn"),
    (
        "account.locked_out",
        _("Sign-ins as {actor} at {terminal} were refused after too many failures."),
        "warn",
    ),
):
    register(
        EventType(
            kind=_kind,
            required=frozenset({"actor", "terminal"}),
            optional=frozenset({"repeated"} if _kind == "account.locked_out" else ()),
            sentence=_sentence,
            personal=frozenset({"actor", "terminal"}),
            icon=_icon,
            link=("person", "actor.id"),
        )
    )
register(
    EventType(
        kind="access.refused",
        required=frozenset({"actor", "terminal", "page", "address", "status"}),
        # It stands for `repeated` more refusals of the person, of any page, between `since` and `until`.
        optional=frozenset({"site", "repeated", "since", "until"}),
        sentence=_("{actor} asked for {address} at {terminal} and was refused."),
        # The address may hold a person's id.
        personal=frozenset({"actor", "terminal", "address"}),
        icon="restricted",
        link=("person", "actor.id"),
    )
)

signals.connect()
