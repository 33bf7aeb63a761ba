"""The log's tables, and beside them what is published, cosigned, flagged and reviewed of it.

Nothing writes `log_head`, `log_entry`, `log_body` and `log_index` but `accesslog.writer`; triggers (in the
migrations) hold what no code may do. Every hash is over the stored bytes, never over columns put together
again.
"""

from __future__ import annotations

from uuid import uuid4

from django.db import models
from django.db.models import Q

from accesslog import entry
from accesslog.fields import RowIdField
from accesslog.spans import BUCKET_BITS, LONG_CLASS
from accesslog.types import MAX_ID_LENGTH

ROWS_SHIFT = 16
"""A log_index row's id is (entry index << ROWS_SHIFT) | number of the row within its entry."""


class LogHead(models.Model):
    """The one row that serialises appenders: size, frontier, last time. It only grows."""

    id = models.SmallIntegerField(primary_key=True)
    size = models.BigIntegerField()
    frontier = models.BinaryField()
    last_time_us = models.BigIntegerField()

    class Meta:
        db_table = "log_head"
        constraints = [
            models.CheckConstraint(condition=Q(id=1), name="log_head_one_row"),
            models.CheckConstraint(condition=Q(size__gte=0), name="log_head_size"),
        ]

    def __str__(self) -> str:
        return f"head of {self.size} entries"


class LogEntry(models.Model):
    """The public entry, immutable for ever. `kind` and `time_us` repeat what the bytes say, for searching."""

    index = RowIdField(primary_key=True, db_column="entry_index")
    event_id = models.UUIDField(unique=True)
    time_us = models.BigIntegerField()
    kind = models.CharField(max_length=entry.MAX_KIND_BYTES)
    entry = models.BinaryField()
    leaf_hash = models.BinaryField()

    class Meta:
        db_table = "log_entry"
        # Times never fall with the index, so a time is found by bisection over the key: no index needed.
        indexes = [models.Index(fields=["kind", "index"], name="log_entry_by_kind")]

    def __str__(self) -> str:
        return f"{self.index} {self.kind}"


class LogBody(models.Model):
    """Salt and record of an entry, sealed; deleted when the log's own retention ends."""

    index = RowIdField(primary_key=True, db_column="entry_index")
    sealed = models.BinaryField()
    key_id = models.CharField(max_length=80)

    class Meta:
        db_table = "log_body"

    def __str__(self) -> str:
        return f"body of {self.index}"


def _by(column: str) -> models.Index:
    """Keyset index of the rows that have `column` at all."""
    condition = Q(**{f"{column}__isnull": False})
    return models.Index(fields=[column, "index"], name=f"log_index_by_{column}", condition=condition)


_BUCKET = models.F("footage_from_us").bitrightshift(BUCKET_BITS)
_SPAN = ("index", "footage_from_us", "footage_to_us")


class LogIndex(models.Model):
    """What entries are searched by: pseudonymous ids in clear, NULL where there is none.

    The record that an entry commits to repeats these rows, so verification sees a row that was changed to
    hide an entry. `span_class` is the length class of the footage span (see accesslog.spans). Spans below
    LONG_CLASS start at most three days before what they overlap, so B-trees over buckets of their starts
    answer "which spans overlap this minute" (see accesslog.desk.search).
    """

    id = RowIdField(primary_key=True)
    index = models.BigIntegerField(db_column="entry_index")
    actor = models.CharField(max_length=MAX_ID_LENGTH, null=True, db_column="actor_id")  # noqa: DJ001
    camera = models.CharField(max_length=MAX_ID_LENGTH, null=True, db_column="camera_id")  # noqa: DJ001
    site = models.CharField(max_length=MAX_ID_LENGTH, null=True, db_column="site_id")  # noqa: DJ001
    purpose = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001
    case = models.CharField(max_length=MAX_ID_LENGTH, null=True, db_column="case_id")  # noqa: DJ001
    terminal = models.CharField(max_length=MAX_ID_LENGTH, null=True)  # noqa: DJ001
    footage_from_us = models.BigIntegerField(null=True)
    footage_to_us = models.BigIntegerField(null=True)
    span_class = models.SmallIntegerField(null=True)

    class Meta:
        db_table = "log_index"
        indexes = [
            *map(_by, ("actor", "camera", "site", "purpose", "case", "terminal")),
            models.Index(
                fields=["actor", "site", "index"],
                name="log_index_by_actor_site",
                condition=Q(actor__isnull=False),
            ),
            # By the bucket of footage that a span starts in, each in the order of the entries.
            models.Index(
                "camera",
                _BUCKET,
                *_SPAN,
                name="log_index_by_camera_bucket",
                condition=Q(span_class__lt=LONG_CLASS, camera__isnull=False),
            ),
            models.Index(_BUCKET, *_SPAN, name="log_index_by_bucket", condition=Q(span_class__lt=LONG_CLASS)),
            models.Index(
                "camera",
                *_SPAN,
                name="log_index_by_camera_long",
                condition=Q(span_class__gte=LONG_CLASS, camera__isnull=False),
            ),
            models.Index(*_SPAN, name="log_index_by_long_span", condition=Q(span_class__gte=LONG_CLASS)),
        ]

    def __str__(self) -> str:
        return f"search row {self.id} of entry {self.index}"


class LogPrune(models.Model):
    """A prune mark: bodies and search rows of `kind` ("" = any) below entry `below` may go.

    It names the entry `log.prune` that says so; a trigger refuses a mark without one.
    """

    id = models.BigAutoField(primary_key=True)
    index = models.BigIntegerField(db_column="entry_index")
    kind = models.CharField(max_length=entry.MAX_KIND_BYTES, blank=True)
    below = models.BigIntegerField()

    class Meta:
        db_table = "log_prune"
        constraints = [
            models.UniqueConstraint(fields=["index", "kind"], name="log_prune_once"),
            models.CheckConstraint(condition=Q(below__lte=models.F("index")), name="log_prune_looks_back"),
        ]

    def __str__(self) -> str:
        return f"prune mark of entry {self.index}"


class LogCheckpoint(models.Model):
    """A signed statement of size and root: the note's exact text, kept for comparison."""

    size = RowIdField(primary_key=True)
    root = models.BinaryField()
    time_us = models.BigIntegerField()
    note = models.TextField()

    class Meta:
        db_table = "log_checkpoint"

    def __str__(self) -> str:
        return f"checkpoint at {self.size} entries"


class LogCosignature(models.Model):
    """A witness's signature line under a checkpoint: somebody else saw the log at that size."""

    id = models.BigAutoField(primary_key=True)
    size = models.BigIntegerField()
    witness = models.CharField(max_length=200)
    line = models.TextField()
    time_us = models.BigIntegerField()

    class Meta:
        db_table = "log_cosignature"
        constraints = [models.UniqueConstraint(fields=["size", "witness"], name="log_cosignature_once")]
        indexes = [models.Index(fields=["witness", "size"], name="log_cosignature_by_witness")]

    def __str__(self) -> str:
        return f"{self.witness} at {self.size} entries"


class FlagMark(models.Model):
    """How far the rules have looked: entries below `index` were judged by them. One row."""

    id = models.SmallIntegerField(primary_key=True)
    index = models.BigIntegerField(db_column="entry_index")

    class Meta:
        db_table = "log_flag_mark"

    def __str__(self) -> str:
        return f"judged below {self.index}"


class Flag(models.Model):
    """A rule's remark on an entry; `facts` are numbers and ids that the reason is told with, never names."""

    id = models.BigAutoField(primary_key=True)
    index = models.BigIntegerField(db_column="entry_index")
    rule = models.CharField(max_length=64)
    site = models.CharField(max_length=MAX_ID_LENGTH, blank=True, db_column="site_id")
    actor = models.CharField(max_length=MAX_ID_LENGTH, blank=True, db_column="actor_id")
    month = models.CharField(max_length=7)  # of the entry's time by the site's clocks, "YYYY-MM"
    facts = models.JSONField(default=dict)
    raised_us = models.BigIntegerField()

    class Meta:
        db_table = "log_flag"
        constraints = [models.UniqueConstraint(fields=["index", "rule"], name="log_flag_once")]
        indexes = [models.Index(fields=["site", "month"], name="log_flag_by_site_month")]

    def __str__(self) -> str:
        return f"{self.rule} on {self.index}"


class Review(models.Model):
    """The review of one site's month; signed off once, by an entry that says everything it holds."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    site = models.CharField(max_length=MAX_ID_LENGTH, db_column="site_id")
    month = models.CharField(max_length=7)
    opened_us = models.BigIntegerField()
    # The entries of the month: [first, end).
    first = models.BigIntegerField()
    end = models.BigIntegerField()
    entries = models.BigIntegerField()
    # Ids of the accounts; of a signed review also the number of its entry and the SHA-256 of what was signed.
    opened_by = models.CharField(max_length=MAX_ID_LENGTH)
    signed_by = models.CharField(max_length=MAX_ID_LENGTH, blank=True)
    signed_us = models.BigIntegerField(null=True)
    signed_entry = models.BigIntegerField(null=True)
    signed_sha256 = models.BinaryField(null=True)
    # The comment on the whole, sealed like a body.
    comment_key_id = models.CharField(max_length=80, blank=True)
    comment_sealed = models.BinaryField(null=True)

    class Meta:
        db_table = "log_review"
        constraints = [models.UniqueConstraint(fields=["site", "month"], name="log_review_once")]

    def __str__(self) -> str:
        return f"review of {self.site} {self.month}"


class ReviewItem(models.Model):
    """An entry to look at: flagged or drawn by lot; with a verdict and a sealed comment once somebody did."""

    OPEN, FINE, FOLLOW_UP = "open", "fine", "follow_up"

    id = models.BigAutoField(primary_key=True)
    review = models.ForeignKey(Review, on_delete=models.CASCADE, related_name="items")
    index = models.BigIntegerField(db_column="entry_index")
    actor = models.CharField(max_length=MAX_ID_LENGTH, blank=True, db_column="actor_id")
    sampled = models.BooleanField(default=False)
    verdict = models.CharField(max_length=12, default=OPEN)
    decided_by = models.CharField(max_length=MAX_ID_LENGTH, blank=True)
    decided_us = models.BigIntegerField(null=True)
    comment_key_id = models.CharField(max_length=80, blank=True)
    comment_sealed = models.BinaryField(null=True)

    class Meta:
        db_table = "log_review_item"
        constraints = [models.UniqueConstraint(fields=["review", "index"], name="log_review_item_once")]

    def __str__(self) -> str:
        return f"{self.verdict} {self.index}"
