"""What the fields of entries are called, in the order in which details are shown.

A project adds the names of its own fields as ACCESSLOG_LABELS. Where a field means something else in one kind
of entry, the kind stands before it.
"""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

LABELS: dict[str, Promise] = {
    "actor": _("Person"),
    "role": _("Role"),
    "employer": _("Employer"),
    "terminal": _("Terminal"),
    "purpose": _("Purpose"),
    "case": _("Case"),
    "site": _("Site"),
    "camera": _("Camera"),
    "cameras": _("Cameras"),
    "footage": _("Footage"),
    "from": _("Footage from"),
    "to": _("Footage until"),
    "reason": _("Reason"),
    "object": _("Object"),
    "query": _("Question"),
    "viewing": _("Viewing"),
    "sent": _("Sent"),
    "valid_until": _("Valid until"),
    # Fields of the log's own entries.
    "against": _("Compared with"),
    "below": _("Erased below entry"),
    "capacity": _("In the capacity of"),
    "checkpoint": _("Checkpoint"),
    "comment": _("Comment"),
    "count": _("How many"),
    "end": _("Until before entry"),
    "entries": _("Entries"),
    "entry": _("Entry"),
    "error": _("Error"),
    "fine": _("Fine"),
    "first": _("From entry"),
    "flagged": _("Flagged"),
    "follow_up": _("To be followed up"),
    "format": _("Format"),
    "full": _("Whole log checked"),
    "items": _("Entries to review"),
    "kept": _("Kept"),
    "kinds": _("Kinds of entry"),
    "language": _("Language"),
    "month": _("Month"),
    "ours": _("Size of our log"),
    "review": _("Review"),
    "root": _("Root"),
    "rule": _("Rule"),
    "rules": _("Rules"),
    "sampled": _("Drawn by lot"),
    "sha256": _("SHA-256"),
    "signed_root": _("Signed root"),
    "signed_size": _("Signed size of the log"),
    "size": _("Size of the log"),
    "theirs": _("Size that the witness knows"),
    "verdict": _("Verdict"),
    "witness": _("Witness"),
    "wrong": _("What is wrong"),
    "log.witness_refused.witness": _("Outside signer"),
}
