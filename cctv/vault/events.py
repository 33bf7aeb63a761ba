"""What the vault writes into the access log."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

# A job opens one object; `object` is the id that its seal is bound to.
JOB = register(
    EventType(
        kind="vault.job",
        required=frozenset({"job", "object"}),
        optional=frozenset({"site", "camera", "from", "to", "reason"}),
        sentence=_("The job “{job}” opened a sealed object."),
        icon="job",
    )
)
INITIALISED = register(
    EventType(
        kind="vault.initialised",
        required=frozenset({"installation", "generation"}),
        optional=frozenset(),
        sentence=_("Keys and footage storage of this installation were made."),
        icon="key",
    )
)
RECOVERED = register(
    EventType(
        kind="vault.recovered",
        required=frozenset({"ring", "generation"}),
        optional=frozenset({"actor", "mirror"}),
        sentence=_("The keys “{ring}” were recovered from a mirror, at generation {generation}."),
        personal=frozenset({"actor"}),
        icon="key",
    )
)
MIRROR_PENDING = register(
    EventType(
        kind="vault.mirror_pending",
        required=frozenset({"ring", "mirror", "generation"}),
        optional=frozenset({"error"}),
        sentence=_("A mirror of the keys “{ring}” cannot be reached and may still open destroyed footage."),
        icon="warning",
    )
)
