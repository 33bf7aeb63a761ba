"""What the machine makes of its footage, and what of that opens."""

from typing import Any

MADE = b"only one person is to be seen"


def make(command: dict[str, Any]) -> Any:
    """Make an object and a fact of a segment (and of those of `of`)."""
    from uuid import UUID, uuid5

    from cctv.footage.derived import services as derived
    from cctv.footage.models import Segment

    row = Segment.objects.get(pk=command["segment"])
    more: dict[str, Any] = {
        "owner": uuid5(row.pk, command["label"]), "part": "redacted", "span": (row.starts_at, row.ends_at),
        "of": [UUID(each) for each in command.get("of", [])],
    }  # fmt: skip
    derived.keep_fact(row, label="fact", data=MADE, **more)
    with derived.keep_object(row, label="object", **more) as writer:
        writer.write(MADE)
    assert writer.derived is not None
    return {"owner": str(more["owner"]), "segment": str(row.pk), "name": writer.derived.sealed_name}


def made(command: dict[str, Any]) -> Any:
    """What a job reads of both: MADE as text, or why not."""
    from uuid import UUID

    from accesslog.services import append
    from cctv.core.errors import LetheError
    from cctv.footage.derived import selectors
    from cctv.footage.derived import services as derived

    rows = selectors.all_of(owner=UUID(command["owner"]))
    sources = {str(pk) for pk in selectors.sources_of(owner=UUID(command["owner"]))}
    hold, found = command.get("hold"), []
    body: Any = {"job": "render", "objects": sorted(sources | {command["segment"]})}
    receipt = append(kind="vault.job", body={**body, **({"hold": {"id": hold, "name": "H"}} if hold else {})})
    for label in ("fact", "object"):
        try:
            read = derived.read_for_system(
                receipt, rows[label], job="render", hold_id=UUID(hold) if hold else None
            )
            found.append(read.decode())
        except KeyError:
            found.append("no row")
        except LetheError as error:
            found.append(error.code)
    return found


ACTS = {act.__name__: act for act in (make, made)}
