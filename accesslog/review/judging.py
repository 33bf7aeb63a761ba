"""The job that lets the rules look at new entries, and what it promises.

Entries are judged in order, in batches, up to the end of the log; `FlagMark` says how far. A batch's flags
and the moved mark are one transaction, and a flag is unique by (entry, rule): killed, started twice or run
again from the beginning, the job leaves the same flags. Only one batch is in memory. A rule that raises is
noted as an entry, once per run, and the other rules go on; an entry whose body is gone or damaged has nothing
to be judged by.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from django.db import transaction

from accesslog import canonical, conf, selectors, services
from accesslog.canonical import JSON
from accesslog.errors import AccessLogError
from accesslog.models import Flag, FlagMark, LogEntry, LogHead, LogIndex
from accesslog.review.events import RULE_FAILED, RULES_CHANGED
from accesslog.review.history import History, Row, rows_of
from accesslog.review.months import month_of
from accesslog.review.rules import Rule, Seen

log = logging.getLogger("accesslog.review")
BATCH = 200
BUDGET_S = 60.0
NO_ZONE = "UTC"


@dataclass(slots=True)
class Judged:
    """What a run did. `mark`: entries below it were judged. `failed`: codes of rules that raised."""

    entries: int = 0
    flags: int = 0
    mark: int = 0
    failed: tuple[str, ...] = ()


def judge(*, until: int | None = None, budget_s: float = BUDGET_S) -> Judged:
    """Judge new entries, below `until` at most, for about `budget_s` seconds. Raises LogUnavailable."""
    rules: list[Rule] = conf.rules()
    done = Judged(mark=mark())
    if not rules:
        return done
    tell_rules(rules)
    zones = {site.id: site.zone for site in conf.review_sites()}
    history, stop = History(), time.monotonic() + budget_s
    while time.monotonic() < stop:
        end = min(size(), done.mark + BATCH) if until is None else min(size(), until, done.mark + BATCH)
        if end <= done.mark:
            break
        flags = [
            flag
            for seen in _opened(done.mark, end, rules)
            for flag in _flags(seen, rules, history, zones, done)
        ]
        if not _keep(done.mark, end, flags):
            break  # somebody else judges as well, and was here first
        done.entries += end - done.mark
        done.flags += len(flags)
        done.mark = end
    return done


def mark() -> int:
    """Entries below this number were judged."""
    with selectors.reading():
        return FlagMark.objects.values_list("index", flat=True).get(id=1)


def size() -> int:
    """The number of entries in the log."""
    with selectors.reading():
        return LogHead.objects.values_list("size", flat=True).get(id=1)


def tell_rules(rules: Sequence[Rule]) -> None:
    """Log which rules judge from now on with which parameters, if the last such entry said otherwise."""
    said: list[JSON] = [
        {"code": rule.code, "kinds": list(rule.kinds), "parameters": rule.parameters()} for rule in rules
    ]
    digest = sha256(canonical.encode(said)).hexdigest()
    last = LogEntry.objects.filter(kind=RULES_CHANGED).order_by("-index").first()
    if last is not None:
        body = selectors.listed(selectors.stored_entry(last.index)).body
        if body is not None and body["sha256"] == digest:
            return
    services.append(kind=RULES_CHANGED, body={"rules": said, "count": len(said), "sha256": digest})


def _opened(first: int, end: int, rules: Sequence[Rule]) -> Iterator[Seen]:
    """The entries in [first, end) that any rule wants to see; what cannot be opened is left out."""
    kinds = sorted({kind for rule in rules for kind in rule.kinds})
    with selectors.reading():
        wanted = list(
            LogEntry.objects.filter(index__gte=first, index__lt=end, kind__in=kinds)
            .order_by("index")
            .values_list("index", flat=True)
        )
        rows = rows_of(LogIndex.objects.filter(index__in=wanted))
    by_entry: dict[int, list[Row]] = {
        index: list(found) for index, found in groupby(rows, key=lambda row: row.index)
    }
    for index in wanted:
        stored = selectors.stored_entry(index)
        body = selectors.listed(stored).body
        if body is not None:
            yield Seen(index, stored.time_us, stored.kind, body, by_entry.get(index, []))


def _flags(
    seen: Seen, rules: Sequence[Rule], history: History, zones: dict[str, str], done: Judged
) -> Iterator[Flag]:
    for rule in rules:
        if seen.kind not in rule.kinds:
            continue
        try:
            facts = rule.look(seen, history)
            if facts is None:
                continue
            facts = canonical.normal(facts, "facts")  # type: ignore[assignment]
        except AccessLogError:
            raise
        except Exception as error:
            _alarm(rule, seen, error, done)
            continue
        zone = zones.get(seen.site, NO_ZONE)
        yield Flag(
            index=seen.index, rule=rule.code, site=seen.site, actor=seen.actor, facts=facts,
            month=month_of(seen.time, zone), raised_us=time.time_ns() // 1000,
        )  # fmt: skip


def _keep(first: int, end: int, flags: list[Flag]) -> bool:
    """Write a batch's flags and move the mark, both or neither; False if the mark was not at `first`."""
    with transaction.atomic(using=conf.database()):
        if not FlagMark.objects.filter(id=1, index=first).update(index=end):
            return False
        Flag.objects.bulk_create(flags, ignore_conflicts=True)
    return True


def _alarm(rule: Rule, seen: Seen, error: Exception, done: Judged) -> None:
    """Say, once per run and rule, that it raised: in the process's log and as an entry."""
    if rule.code in done.failed:
        return
    done.failed = (*done.failed, rule.code)
    log.exception("the flag rule %s failed on entry %d", rule.code, seen.index)
    services.append(
        kind=RULE_FAILED,
        body={"rule": rule.code, "entry": seen.index, "error": type(error).__name__},
        event_id=uuid5(NAMESPACE_OID, f"accesslog/rule/{rule.code}/{seen.index}"),
    )


def why(flag: Flag, rules: dict[str, Any]) -> str:
    """Why a flag was raised, as a sentence; "" once its rule is no more."""
    rule = rules.get(flag.rule)
    try:
        return str(rule.why(flag.facts)) if rule is not None else ""
    except (KeyError, TypeError, ValueError):
        return ""  # facts of an earlier version of the rule
