"""What the vault writes into the access log."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

# A job opens the objects that its entry names, by the ids that their seals are bound to: `object`
# for one, `objects` for a batch (a small picture of each new segment must not fill the log); `hold`
# (its id and name) where they are opened by a hold's key.
JOB = register(
    EventType(
        kind="vault.job",
        required=frozenset({"job"}),
        optional=frozenset({"object", "objects", "site", "camera", "from", "to", "reason", "hold", "export"}),
        sentence=_("The job “{job}” opened sealed objects."),
        icon="refresh",
        routine=True,
    )
)
INITIALISED = register(
    EventType(
        kind="vault.initialised",
        required=frozenset({"installation", "generation"}),
        optional=frozenset(),
        sentence=_("Keys and footage storage of this installation were made."),
        icon="key",
        link=("health",),
    )
)
RECOVERED = register(
    EventType(
        kind="vault.recovered",
        required=frozenset({"ring", "mirror", "generation"}),
        optional=frozenset({"actor", "reason"}),
        sentence=_("The keys “{ring}” were recovered from a mirror, at generation {generation}."),
        personal=frozenset({"actor", "reason"}),
        icon="key",
        link=("health",),
    )
)
MIRROR_FORGOTTEN = register(
    EventType(
        kind="vault.mirror_forgotten",
        required=frozenset({"ring", "mirror", "generation", "reason"}),
        optional=frozenset({"actor"}),
        sentence=_("A mirror of the keys “{ring}” was declared destroyed."),
        personal=frozenset({"actor", "reason"}),
        icon="key",
        link=("health",),
    )
)
RECOVERY_KEY = register(
    EventType(
        kind="vault.recovery_key",
        required=frozenset({"recipient", "generation"}),
        optional=frozenset({"actor", "reason"}),
        sentence=_("The keys of the records were put in escrow for the recovery key {recipient}."),
        personal=frozenset({"actor", "reason"}),
        icon="key",
        link=("health",),
    )
)
ROOT_MOVED = register(
    EventType(
        kind="vault.root_moved",
        required=frozenset({"ring", "generation", "key"}),
        optional=frozenset({"actor", "reason"}),
        sentence=_("The root of the keys “{ring}” was moved to the key server and destroyed here."),
        personal=frozenset({"actor", "reason"}),
        icon="key",
        link=("health",),
    )
)
