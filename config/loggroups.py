"""What people ask the access log for, and the kinds of event that this means (accesslog's injection)."""

from django.utils.translation import gettext_lazy as _

from accesslog.desk.groups import Group

GROUPS = [
    Group("viewings", _("viewings"), ("viewing.", "view.", "thumbs.", "still.", "motion.", "bookmark.")),
    Group(
        "exports", _("exports and provision"), ("export.", "medium.", "disclosure.", "provision.", "ledger.")
    ),
    Group("cases", _("cases and letters"), ("case.", "letter.")),
    Group("redactions", _("redactions"), ("redaction.",)),
    Group("requests", _("requests of people"), ("request.", "identity.", "delivery.", "watched.")),
    Group("holds", _("holds"), ("hold.",)),
    Group("restrictions", _("restrictions"), ("restriction.",)),
    Group(
        "destruction",
        _("destruction"),
        ("purge.", "certificate.", "footage.", "records.", "retention.", "fsck."),
    ),
    Group("accounts", _("accounts and sign-ins"), ("account.", "role.", "person.")),
    Group("refusals", _("refusals"), (), (".refused", "_refused", ".sign_in_failed", ".denied")),
    Group(
        "settings",
        _("settings"),
        ("organisation.", "site.", "zone.", "camera.", "purpose.", "rule.", "duty.", "recorder.", "source."),
    ),
    Group("system", _("recording, keys and backups"), ("ingest.", "vault.", "backup.", "register.")),
]  # fmt: skip
