"""What the rules for records do not allow."""

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from cctv.core.errors import LetheError

if TYPE_CHECKING:
    from cctv.retention.records.extent import Extent


class RuleRefused(LetheError):
    """The law of a site asks for more, or the rule says nothing; `field` names the form field."""

    code = "record_rule_refused"
    status = 400

    def __init__(self, field: str, message: Any, hint: Any = "") -> None:
        """A refusal about one field."""
        super().__init__(message, hint=hint)
        self.field = field


class EndsRecords(LetheError):
    """The rule would end records that exist; whoever sets it has to accept that, knowing the numbers."""

    code = "rule_ends_records"
    status = 409
    message = _("This rule ends records that exist already.")
    hint = _("Look at what it ends, and confirm it.")

    def __init__(self, extent: "Extent") -> None:
        """What it would end."""
        super().__init__()
        self.extent = extent
