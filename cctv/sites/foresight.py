"""What a new rule would end: asked of the area that ends footage, which stands above the register."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from cctv.core import clock
from cctv.sites.models import Camera, Organisation, Site

# Long enough that somebody sees a slip of the pen, and takes it back, before anything is gone.
NOTICE = timedelta(hours=24)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Ending:
    """Existing footage that a rule ends earlier than was promised; `at_once`: as soon as it is in force."""

    segments: int
    quarantined: int
    cameras: int
    at_once: int
    starts_at: datetime | None
    ends_at: datetime | None

    def __bool__(self) -> bool:
        return bool(self.segments or self.quarantined)


def would_end(*, scope: Organisation | Site | Camera, days: int, effective_from: datetime) -> Ending:
    """What of the existing footage a rule with these values would end earlier."""
    ask = import_string(settings.LETHE_RULE_ENDS)
    ending: Ending = ask(scope=scope, days=days, effective_from=effective_from)
    return ending


def earliest() -> datetime:
    """When a rule that ends existing footage may take effect, in whole minutes as forms have them.

    Whole, so that a rule set for the same minute takes this one back.
    """
    moment = clock.now() + NOTICE
    whole = moment.replace(second=0, microsecond=0)
    return whole if whole == moment else whole + MINUTE
