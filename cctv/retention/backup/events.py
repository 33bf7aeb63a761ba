"""What the access log says of backups and restores."""

from django.utils.translation import gettext_lazy as _

from accesslog.registry import EventType, register

register(
    EventType(
        kind="backup.made",
        required=frozenset({"backup", "place", "bytes", "held_objects", "expires", "manifest"}),
        optional=frozenset({"footage_generation", "records_generation", "log_size"}),
        sentence=_("A backup of register, log and keyrings was made; it is to be deleted by {expires}."),
        icon="download",
        link=("health",),
    )
)
register(
    EventType(
        kind="backup.deleted",
        required=frozenset({"backup", "place", "how"}),
        optional=frozenset({"reason"}),
        sentence=_("A backup no longer exists ({how})."),
        personal=frozenset({"reason"}),
        icon="destroyed",
        link=("health",),
    )
)
register(
    EventType(
        kind="register.restored",
        required=frozenset({"restore", "replayed", "footage_generation", "records_generation"}),
        optional=frozenset({"backup", "backup_made", "log_size", "recovery_key"}),
        sentence=_("The register was put back from a backup, and what had ended since was ended again."),
        icon="refresh",
        link=("health",),
    )
)
