"""Requests of the people in the picture, their story and their messages.

What names persons is sealed under a key of the request's own (`request/<id>`, records ring): its end empties
every copy, backups included. In clear stand the reference, the site, cameras, times, kinds and states.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from cctv.core import clock
from cctv.core.ids import new_id


class RequestKind(models.TextChoices):
    """What is asked for (O24, O30; GDPR articles 15 to 18, 77)."""

    COPY = "copy", _("to see the footage or have a copy")
    EXISTENCE = "existence", _("to know whether there is footage of me")
    ERASURE = "erasure", _("erasure")
    RESTRICTION = "restriction", _("that use is stopped or restricted")
    CORRECTION = "correction", _("correction")
    COMPLAINT = "complaint", _("a complaint")
    WATCHED = "watched", _("who has watched me")


class About(models.TextChoices):
    """Who or what is in the footage."""

    PERSON = "person", _("a person")
    VEHICLE = "vehicle", _("a vehicle")
    BELONGING = "belonging", _("a belonging")


class Claimant(models.TextChoices):
    """For whom it is asked (O33)."""

    SELF = "self", _("for myself")
    GUARDIAN = "guardian", _("as guardian of a child")
    AGENT = "agent", _("as agent, with a mandate")


class Channel(models.TextChoices):
    """How it came in (O29)."""

    PORTAL = "portal", _("portal")
    PHONE = "phone", _("telephone")
    PAPER = "paper", _("letter")
    VISIT = "visit", _("visit")
    MAIL = "mail", _("e-mail or fax")


class RequestState(models.TextChoices):
    """Where a request stands. It is frozen in every state but the last four, and longer where refused."""

    SCREENING = "screening", _("waiting to be looked at")
    IDENTITY = "identity", _("identity is to be shown")
    OPEN = "open", _("being worked on")
    DECIDED = "decided", _("decided")
    WITHDRAWN = "withdrawn", _("withdrawn")
    CLOSED = "closed", _("closed")
    ENDED = "ended", _("file destroyed")


STANDING = (RequestState.SCREENING, RequestState.IDENTITY, RequestState.OPEN)


class SubjectRequest(models.Model):
    """One request; its reference and its secret are all that the requester needs."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    reference = models.CharField(max_length=24, unique=True)  # R-2026-7K4QXM: drawn by lot, not counted
    kind = models.CharField(_("kind"), max_length=12, choices=RequestKind)
    about = models.CharField(_("about"), max_length=10, choices=About, default=About.PERSON)
    claimant = models.CharField(_("asked by"), max_length=10, choices=Claimant, default=Claimant.SELF)
    channel = models.CharField(_("came by"), max_length=8, choices=Channel, default=Channel.PORTAL)
    language = models.CharField(max_length=8, default="en")
    site = models.ForeignKey("cctv.Site", on_delete=models.PROTECT, related_name="requests")
    # The law whose clocks run, as it was when the request came.
    jurisdiction = models.CharField(max_length=2)
    # What is named: cameras by place, and the span with the margin of who is unsure; half-open.
    cameras = models.ManyToManyField("cctv.Camera", related_name="requests")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    margin_minutes = models.PositiveSmallIntegerField(default=0)
    # Urgent interest: life, body or property (O26).
    is_urgent = models.BooleanField(_("urgent"), default=False)
    state = models.CharField(max_length=10, choices=RequestState, default=RequestState.IDENTITY)
    received_at = models.DateTimeField(default=clock.now)
    received_entry = models.PositiveBigIntegerField(null=True)
    # Only as hashes; the secret is shown once. `contact_tag`: HMAC of the contact, to count requests of one.
    secret_salt = models.BinaryField(max_length=16, default=b"")
    secret_hash = models.BinaryField(max_length=64, default=b"")
    contact_tag = models.CharField(max_length=64, blank=True, default="", db_index=True)
    # {"name", "email", "phone", "birth_date", "place", "looks", "plate", "reason", "subject_name",
    # "relation", "correction"} as canonical JSON under the request's own key.
    key_id = models.CharField(max_length=64, blank=True, default="")
    details = models.BinaryField(default=b"")
    # Clocks: stored when it arrives, changed by explicit acts only (`clocks`).
    due_at = models.DateTimeField(null=True)
    first_due_at = models.DateTimeField(null=True)  # before extensions
    reply_by = models.DateTimeField(null=True)  # O34, business time
    replied_at = models.DateTimeField(null=True)
    paused_at = models.DateTimeField(null=True)
    extended_at = models.DateTimeField(null=True)
    escalated_at = models.DateTimeField(null=True)
    assigned_to = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    # Who took it in at the desk; None from the portal.
    taken_in_by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    hold = models.ForeignKey("cctv.Hold", on_delete=models.PROTECT, null=True, related_name="requests")
    restriction = models.ForeignKey(
        "cctv.Restriction", on_delete=models.PROTECT, null=True, related_name="requests"
    )
    verified_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    # Until when the requester may object; the hold of what was refused stays until then.
    objection_until = models.DateTimeField(null=True)
    objected_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # When the file is destroyed (O20, O21), and when it was.
    file_until = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    ended_entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("due_at", "received_at")
        indexes = (
            models.Index(fields=["site", "state", "due_at"], name="request_due"),
            models.Index(fields=["state", "file_until"], name="request_ends"),
            models.Index(fields=["-received_at"], name="request_received"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(ends_at__gt=models.F("starts_at")), name="request_span_forward"
            ),
        )

    def __str__(self) -> str:
        return self.reference


class RequestActKind(models.TextChoices):
    """What happened to a request, in the words of its story."""

    RECEIVED = "received", _("received")
    FROZEN = "frozen", _("deletion stopped")
    RELEASED = "released", _("deletion goes on")
    REPLIED = "replied", _("first reply")
    ASSIGNED = "assigned", _("assigned")
    SCREENED = "screened", _("accepted after screening")
    IDENTITY_ASKED = "id_asked", _("identity asked for")
    IDENTITY_SENT = "id_sent", _("identity shown")
    VERIFIED = "verified", _("identity verified")
    NOT_VERIFIED = "not_verified", _("identity not verified")
    PAUSED = "paused", _("clock stopped")
    RESUMED = "resumed", _("clock goes on")
    EXTENDED = "extended", _("deadline extended")
    ADDED = "added", _("information added")
    RESTRICTED = "restricted", _("use stopped")
    FOUND = "found", _("footage looked for")
    REDACTED = "redacted", _("redacted copy chosen")
    PROPOSED = "proposed", _("decision proposed")
    RETURNED = "returned", _("decision given back")
    DECIDED = "decided", _("decided")
    DELIVERED = "delivered", _("made available")
    FETCHED = "fetched", _("fetched by the requester")
    SHOWN = "shown", _("shown on site")
    APPOINTED = "appointed", _("appointment")
    OBJECTED = "objected", _("objection")
    WITHDRAWN = "withdrawn", _("withdrawn")
    SECRET = "secret", _("new secret given")
    ESCALATED = "escalated", _("escalated")
    CLOSED = "closed", _("closed")
    ENDED = "ended", _("file destroyed")


class RequestAct(models.Model):
    """One line of a request's story, in order; its entry was durable before the row. No personal data."""

    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="acts")
    kind = models.CharField(max_length=12, choices=RequestActKind)
    by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now)
    # Codes, times and numbers that the sentence of the story needs.
    facts = models.JSONField(default=dict)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.request_id} {self.kind}"


class Message(models.Model):
    """A message between the requester and the desk; its text is sealed under the request's key."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="messages")
    # None: from the requester.
    by = models.ForeignKey("cctv.Account", on_delete=models.PROTECT, null=True, related_name="+")
    template = models.CharField(max_length=40, blank=True, default="")
    at = models.DateTimeField(default=clock.now)
    text = models.BinaryField(default=b"")
    read_at = models.DateTimeField(null=True)
    entry = models.PositiveBigIntegerField(null=True)

    class Meta:
        ordering = ("at", "id")

    def __str__(self) -> str:
        return f"{self.request_id} {self.at:%Y-%m-%dT%H:%M}"


class RequestMail(models.Model):
    """A mail to a requester: the row is the job. Address and words are made from the request when it goes."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    request = models.ForeignKey(SubjectRequest, on_delete=models.CASCADE, related_name="mails")
    kind = models.CharField(max_length=40)
    about = models.CharField(max_length=120, unique=True)  # so that nothing is said twice
    made_at = models.DateTimeField(default=clock.now)
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(default=clock.now)
    sent_at = models.DateTimeField(null=True)
    given_up_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        ordering = ("-made_at",)

    def __str__(self) -> str:
        return f"{self.request_id} {self.kind}"
