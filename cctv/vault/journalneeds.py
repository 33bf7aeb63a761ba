"""Which of the journal's lines an older register may still need: what compaction keeps."""

from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from typing import Any

from cctv.core import clock
from cctv.vault import rings
from cctv.vault.journalfile import Line

# How old a backup may be and still be told of what only protects less, or only a note's, without it.
REMEMBERED = timedelta(days=400)
# Of a package or a file that ended the key is gone wherever it is opened; its days are long over in so old a
# backup.
_AGEING = frozenset({"lifted", "bookmark_removed", "bookmark_put_back", "package_ended", "request_ended"})


def still_needed(lines: Iterable[Line]) -> Callable[[Line], bool]:
    """What to keep of a journal that begins with `lines`; what is added to it meanwhile stays.

    A line goes that concerns nothing but destroyed keys and spans that are over, a restriction that was
    lifted, masks that the same camera has others in place of. What is not known here stays.
    """
    epochs, records = rings.footage().key_ids(), rings.records().key_ids()
    now = clock.now()
    aged_us = int((now - REMEMBERED).timestamp() * 1_000_000)
    lifted, masks = _ended(lines)

    def needed(line: Line) -> bool:
        facts: Mapping[str, Any] = line.facts
        try:
            if line.kind == "moved":
                return facts["epoch"]["key_id"] in epochs
            if line.kind == "held":
                return facts["hold"]["key_id"] in records
            if line.kind == "request":
                return facts["key_id"] in records
            if line.kind == "erased":
                return any(clock.parse_rfc3339(until) > now for *_, until in facts["spans"])
            if line.kind == "restricted":
                return facts["id"] not in lifted
            if line.kind == "masks":
                return line.number >= masks.get(facts["camera"], 0)
            if line.kind == "still_deleted":
                return clock.parse_rfc3339(facts["until"]) > now
        except (KeyError, TypeError, ValueError):
            return True
        return line.kind not in _AGEING or line.at_us > aged_us

    return needed


def _ended(lines: Iterable[Line]) -> tuple[set[str], dict[str, int]]:
    """The restrictions that were lifted, and by camera the number of its last masks."""
    lifted: set[str] = set()
    masks: dict[str, int] = {}
    for line in lines:
        if line.kind == "lifted":
            lifted.add(str(line.facts.get("id")))
        elif line.kind == "masks":
            masks[str(line.facts.get("camera"))] = line.number
    return lifted, masks
