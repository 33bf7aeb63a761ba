"""The flag rules of this house: accesslog's general ones, with our kinds of entry and our numbers.

They are listed in ACCESSLOG_RULES. Kinds of higher areas (holds, prints) are names here, nothing more.
"""

from accesslog.review.rules import (
    AfterIncident,
    AgainAndAgain,
    DownloadReason,
    MuchMore,
    OtherPurpose,
    OutsideDuty,
    Refused,
)
from cctv.sites.duty import duty_at

OPENED = ("viewing.opened",)
COPIES = ("still.covered", "medium.registered", "export.asked", "export.urgent")

OUTSIDE_DUTY = OutsideDuty(kinds=(*OPENED, "viewing.extended", *COPIES), duty=duty_at)
MUCH_MORE = MuchMore(kinds=("view.covered",))
AGAIN_AND_AGAIN = AgainAndAgain(kinds=OPENED)
OTHER_PURPOSE = OtherPurpose(kinds=(*OPENED, "viewing.purpose_changed", *COPIES))
AFTER_INCIDENT = AfterIncident(kinds=OPENED, incidents=("hold.placed",))
REFUSED = Refused(kinds=("account.sign_in_failed", "account.locked_out", "access.refused"))
# The form of a medium insists on why it was made, and keeps it sealed with the medium, not in the entry.
DOWNLOAD_REASON = DownloadReason(kinds=COPIES, stated=("medium.registered",))
