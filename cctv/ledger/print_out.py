"""The ledger on paper: A4 across, the statutory columns (KR form 3), in Korean, Japanese or English."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cctv.core.pdf import Column, Document
from cctv.ledger.models import LedgerKind, LedgerLine
from cctv.ledger.selectors import Question
from cctv.templatetags import _times

SIZE_PT = 7.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """What is printed, by whom and when; `zone` is whose clocks the question's days are reckoned by."""

    language: str
    asked: Question
    zone: ZoneInfo
    printed_by: str
    printed_at: datetime


def render(sheet: Sheet, lines: Sequence[LedgerLine]) -> bytes:
    """The document. The lines' own words stay in the language that they were written in."""
    with translation.override(sheet.language):
        return _render(sheet, lines)


def _render(sheet: Sheet, lines: Sequence[LedgerLine]) -> bytes:
    title = _("Ledger of use, provision, reading and destruction of footage")
    printed = _("Printed by %(name)s, %(time)s") % {
        "name": sheet.printed_by,
        "time": _times.absolute(_times.localise(sheet.printed_at, sheet.zone), "datetime"),
    }
    organisation = lines[0].site.organisation.name if lines else ""
    document = Document(
        language=sheet.language, title=title, author=organisation or "Lethe", made_at=sheet.printed_at,
        foot=f"{title} · {printed}", han="ja" if sheet.language == "ja" else "ko", landscape=True,
    )  # fmt: skip
    document.heading(title)
    document.facts(_about(sheet, lines, organisation, printed), label_share=0.16)
    document.heading(_("Lines"), level=2)
    if lines:
        document.table(_columns(), (_row(line) for line in lines), size=SIZE_PT)
    else:
        document.text(_("No line answers this question."))
    return document.to_bytes()


def _about(
    sheet: Sheet, lines: Sequence[LedgerLine], organisation: str, printed: str
) -> list[tuple[str, str]]:
    asked = sheet.asked
    first = asked.first_day.isoformat() if asked.first_day else _("the beginning")
    last = asked.last_day.isoformat() if asked.last_day else _("today")
    pairs = [
        (_("Controller"), organisation),
        (_("Site"), asked.site.name if asked.site else _("All sites")),
        (_("Act"), str(LedgerKind(asked.kind).label) if asked.kind else _("All acts")),
        (_("Period"), f"{first} – {last} ({sheet.zone.key})"),
        (_("Lines"), ngettext("%(n)d line", "%(n)d lines", len(lines)) % {"n": len(lines)}),
        (_("Printed"), printed),
    ]
    return [pair for pair in pairs if pair[1]]


def _columns() -> list[Column]:
    """Ten columns of the form; the camera's span stands with the file, the cycle with the ground."""
    return [
        Column(_("No."), 0.085),
        Column(_("Act"), 0.075),
        Column(_("Date and time"), 0.09),
        Column(_("File and form"), 0.15),
        Column(_("Handled by"), 0.1),
        Column(_("Purpose or reason"), 0.15),
        Column(_("Recipient or requester"), 0.1),
        Column(_("Ground"), 0.08),
        Column(_("Form of provision"), 0.07),
        Column(_("Recorded"), 0.1),
    ]


def _row(line: LedgerLine) -> list[str]:
    zone = ZoneInfo(line.site.time_zone)
    ground = [line.ground, line.cycle]
    if line.checked_at is not None:
        ground.append(_("checked %(time)s") % {"time": _moment(line.checked_at, zone)})
    span = ""
    if line.footage_from and line.footage_to:
        span = f"{_moment(line.footage_from, zone)} – {_moment(line.footage_to, zone)}"
    return [
        line.number, str(line.get_kind_display()), f"{_moment(line.at, zone)}\n{line.site.name}",
        f"{line.item}\n{line.form}", line.handler, line.reason, line.recipient,
        "\n".join(filter(None, ground)), line.provided_as, span,
    ]  # fmt: skip


def _moment(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")
