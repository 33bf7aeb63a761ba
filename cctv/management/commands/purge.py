"""`manage.py purge`: what has expired goes now, by the same path as the automatic purge."""

import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from cctv.core import clock
from cctv.retention import guards, plan, purge
from cctv.retention.models import PurgeFailure, PurgeRun, RunState, Trigger


class Command(BaseCommand):
    """Destroy what has expired, or with --dry-run say what would be destroyed."""

    help = "Destroy footage whose retention has ended (the same run that beat starts by itself)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only show the plan and its digest")
        parser.add_argument("--json", action="store_true", help="one JSON object instead of sentences")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self._show_plan(as_json=options["json"])
            return
        outcome = purge.purge_due(trigger=Trigger.MANUAL)
        runs = list(PurgeRun.objects.filter(pk__in=outcome.runs).order_by("planned_at"))
        for run in runs:
            self._say(_facts(run), _sentence(run), as_json=options["json"])
        if not runs:
            self._say(*_nothing(), as_json=options["json"])
        # DONE with failures and everything that stands still is for somebody to look at.
        if PurgeFailure.objects.exists() or any(
            run.state not in (RunState.DONE, RunState.ABANDONED) or run.failed for run in runs
        ):
            sys.exit(1)

    def _show_plan(self, *, as_json: bool) -> None:
        now = clock.now()
        found = plan.compute(now)
        tripped = guards.check(found, now=now)
        facts = {
            "segments": found.segments, "quarantined": found.quarantined, "bytes": found.bytes,
            "keys": len(found.key_ids), "digest": found.digest.hex(),
            "guard": tripped.code if tripped else None,
        }  # fmt: skip
        text = (
            f"{found.segments} segments, {found.quarantined} quarantined objects, {found.bytes:,} bytes and "
            f"{len(found.key_ids)} keys would be destroyed. Digest {found.digest.hex()[:16]}."
        )
        if tripped:
            text += f" Paused: {guards.sentence(tripped.code, tripped.facts)}"
        self._say(facts, text, as_json=as_json)

    def _say(self, facts: dict[str, Any], text: str, *, as_json: bool) -> None:
        self.stdout.write(json.dumps(facts) if as_json else text)


def _nothing() -> tuple[dict[str, Any], str]:
    waiting = PurgeFailure.objects.order_by("next_attempt_at")
    first = waiting.first()
    if first is None:
        return {"runs": 0}, "Nothing has expired; nothing was destroyed."
    text = (
        f"Nothing new has expired. {waiting.count()} objects could not be deleted yet; the next attempt is"
        f" at {clock.rfc3339(first.next_attempt_at)}."
    )
    return {"runs": 0, "waiting": waiting.count(), "next_attempt": clock.rfc3339(first.next_attempt_at)}, text


def _facts(run: PurgeRun) -> dict[str, Any]:
    return {
        "run": str(run.pk), "state": run.state, "segments": run.destroyed_segments,
        "bytes": run.destroyed_bytes, "failed": run.failed, "keys": len(run.key_ids),
        "pause": run.pause_code, "error": run.error_code,
        "certificates": list(run.certificates.values_list("number", flat=True)),
    }  # fmt: skip


def _sentence(run: PurgeRun) -> str:
    if run.state == RunState.PAUSED:
        return f"Paused, nothing was destroyed: {guards.sentence(run.pause_code, run.pause_facts)}"
    text = (
        f"{run.destroyed_segments} segments and {run.destroyed_quarantined} quarantined objects destroyed, "
        f"{len(run.key_ids)} keys; state: {run.get_state_display()}."
    )
    if run.failed:
        text += f" {run.failed} objects could not be deleted and will be tried again."
    if run.error_code:
        text += f" Stands still: {run.error}"
    for number in run.certificates.values_list("number", flat=True):
        text += f" Certificate {number}."
    return text
