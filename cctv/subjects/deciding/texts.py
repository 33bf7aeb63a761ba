"""Words to requesters: mails that only say that there is something to read, and templates for messages.

A mail names neither the person nor what is in the picture, and has no secret: a mailbox has many readers.
"""

from collections.abc import Mapping

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_variables

from cctv.subjects.deciding import words
from cctv.subjects.deciding.words import Words
from cctv.subjects.requests.models import SubjectRequest

# kind: (subject, first sentences). What a sentence may name: reference, day, reply.
MAILS: Mapping[str, tuple[Words, Words]] = {
    "received": (
        gettext_lazy("We have received your request"),
        gettext_lazy("We have received your request %(reference)s."),
    ),
    "message": (
        gettext_lazy("A message about your request"),
        gettext_lazy("There is a message about your request %(reference)s. You read it on its page."),
    ),
    "identity": (
        gettext_lazy("Please show who you are"),
        gettext_lazy("To go on with your request %(reference)s, we need to know that it is you who asks. How"
                     " to show it is explained on the page of your request."),
    ),
    "verified": (
        gettext_lazy("We know now that it is you"),
        gettext_lazy("For your request %(reference)s, who you are is settled."),
    ),
    "not_verified": (
        gettext_lazy("Please show once more who you are"),
        gettext_lazy("What you showed for your request %(reference)s was not enough. Why, and what else you"
                     " can show, is on the page of your request."),
    ),
    "extended": (
        gettext_lazy("We need more time for your request"),
        gettext_lazy("We need more time to answer your request %(reference)s. Why is explained on its page."),
    ),
    "appointment": (
        gettext_lazy("An appointment for your request"),
        gettext_lazy("We propose a time at which you can come about your request %(reference)s. Please say on"
                     " its page whether it suits you."),
    ),
    "decided": (
        gettext_lazy("Our decision on your request"),
        gettext_lazy("We have decided on your request %(reference)s. The letter is on its page."),
    ),
    "delivered": (
        gettext_lazy("What you asked for is ready"),
        gettext_lazy("What you asked for with your request %(reference)s is ready on its page. It stays there"
                     " for a limited time only."),
    ),
    "objected": (
        gettext_lazy("We have received your objection"),
        gettext_lazy("We have received your objection about your request %(reference)s. Somebody who had no"
                     " part in the decision looks at it."),
    ),
    "withdrawn": (
        gettext_lazy("Your request is withdrawn"),
        gettext_lazy("Your request %(reference)s is withdrawn. If that was not you, please tell us at once."),
    ),
    "secret": (
        gettext_lazy("A new secret for your request"),
        gettext_lazy("A new secret was given for your request %(reference)s; the one before opens nothing any"
                     " more. If that was not you, please tell us at once."),
    ),
    "secret_asked": (
        gettext_lazy("Somebody asks for a new secret for your request"),
        gettext_lazy("Somebody asks for a new secret for your request %(reference)s, and has sent a picture"
                     " to show that it is you. Until we have looked at it, your secret opens the request as"
                     " before. If that was not you, please tell us at once."),
    ),
    "secret_refused": (
        gettext_lazy("No new secret for your request"),
        gettext_lazy("What was shown for a new secret of your request %(reference)s was not enough. Your"
                     " secret opens the request as before. If you have lost it, you can show once more who"
                     " you are, or come to our place."),
    ),
    "closed": (
        gettext_lazy("Your request is closed"),
        gettext_lazy("Your request %(reference)s is closed."),
    ),
}  # fmt: skip
_VERDICTS = ("verified", "not_verified", "secret", "secret_refused")
OTHER = (gettext_lazy("About your request"), gettext_lazy("There is news about your request %(reference)s."))


def mail(kind: str, request: SubjectRequest, language: str = "") -> tuple[str, str]:
    """Subject and text of a mail; a kind that is not known says that there is news."""
    with translation.override(language or request.language):
        title, first = MAILS.get(kind, OTHER)
        lines = [str(first) % {"reference": request.reference}]
        if kind == "received":
            lines += _receipt(request)
        if kind in _VERDICTS:
            lines += _destroyed(request)
        return _subject(request, title), _body(request, lines)


def _destroyed(request: SubjectRequest) -> list[str]:
    """What became of what was sent; in person, by an account or a code nothing was."""
    last = request.checks.exclude(decided_at=None).order_by("-decided_at").first()
    if last is None or not (last.key_id or last.destruction.get("papers")):
        return []
    if last.destroyed_at is None:
        return [_("The pictures that you had sent are being destroyed.")]
    return [_("The pictures that you had sent have been destroyed.")]


def _receipt(request: SubjectRequest) -> list[str]:
    lines = []
    if words.frozen_at(request) is not None:
        lines.append(_("We have stopped the deletion of the footage that you named."))
    lines += words.answer_by(request)
    if request.reply_by is not None:
        lines.append(
            _("We reply for the first time by %(time)s.") % {"time": words.minute(request, request.reply_by)}
        )
    if request.verified_at is None:
        lines.append(_("Next, please show who you are, on the page of your request or at our place."))
    lines.append(
        _("The secret is not in this mail: use the one that you saved. We never ask for it by mail or"
          " telephone.")
    )  # fmt: skip
    return lines


@sensitive_variables("code")
def code_mail(request: SubjectRequest, code: str, *, minutes: int, language: str = "") -> tuple[str, str]:
    """Subject and text of the mail with a code that shows that the address is theirs."""
    with translation.override(language or request.language):
        lines = [
            _("Your code is %(code)s. It is good for %(minutes)d minutes, for your request %(reference)s.")
            % {"code": code, "minutes": minutes, "reference": request.reference},
            _("If you did not ask for it, do nothing. We never ask for this code by mail or telephone."),
        ]
        return _subject(request, _("Your code")), _body(request, lines)


def _subject(request: SubjectRequest, title: Words) -> str:
    return f"[{request.site.organisation.name}] {title} ({request.reference})"


def _body(request: SubjectRequest, lines: list[str]) -> str:
    paragraphs = list(lines)
    if url := words.status_url():
        paragraphs.append(_("The page of your request: %(url)s") % {"url": url})
    foot = [
        _("This mail is needed for your request and is no advertisement. It cannot be answered: please write"
          " to us on the page of your request."),
        _("If you did not ask for anything, please tell us."),
        *words.sender(request),
    ]  # fmt: skip
    return "\n\n".join(paragraphs) + "\n\n-- \n" + "\n".join(foot) + "\n"


# code: (name for the desk, text). The desk may change it before it is sent.
TEMPLATES: Mapping[str, tuple[Words, Words]] = {
    "first": (
        gettext_lazy("First reply"),
        gettext_lazy("Thank you for your request %(reference)s. We are looking into it. You have our answer"
                     " by %(due)s. If you remember more about the time, the place or what you wore, please"
                     " write it here: it helps us to find you."),
    ),
    "identity": (
        gettext_lazy("Ask to show identity"),
        gettext_lazy("Before we can show you footage, we need to know that it is you who is in it. Please"
                     " show who you are on this page, or come to our place. Cover the numbers on the"
                     " document; we destroy the picture as soon as we have looked at it."),
    ),
    "when": (
        gettext_lazy("Ask for a narrower time"),
        gettext_lazy("So that we find you, please tell us more exactly when you were there: when you came,"
                     " when you left, or something that happened at that time."),
    ),
    "looks": (
        gettext_lazy("Ask what to look for"),
        gettext_lazy("So that we recognise you, please describe what you wore and carried that day, who was"
                     " with you and which way you went."),
    ),
    "mandate": (
        gettext_lazy("Ask for a mandate or proof of guardianship"),
        gettext_lazy("You ask for somebody else. Please show the mandate, or a paper that shows that you are"
                     " the guardian, on this page or at our place. Cover all numbers on it."),
    ),
    "visit": (
        gettext_lazy("Invite to a visit"),
        gettext_lazy("You can watch the footage at our place, with one of us beside you. Please tell us which"
                     " days and times suit you."),
    ),
    "redacting": (
        gettext_lazy("Tell that others are being made unrecognisable"),
        gettext_lazy("We have found the footage. Before you get it, we make other people in it"
                     " unrecognisable, which takes a little time. You have it by %(due)s at the latest."),
    ),
    "police": (
        gettext_lazy("Explain how the police ask for footage"),
        gettext_lazy("The footage is kept. If you report it to the police, show them the slip of this"
                     " request: they ask us by the reference %(reference)s. You need not come with the police"
                     " to see footage of yourself."),
    ),
}  # fmt: skip


def templates() -> dict[str, str]:
    """Code and name of each template, in the language of whoever looks."""
    return {code: str(name) for code, (name, _text) in TEMPLATES.items()}


def message(template: str, request: SubjectRequest, language: str = "") -> str:
    """The text of a template in the requester's language; "" for one that there is not."""
    if template not in TEMPLATES:
        return ""
    with translation.override(language or request.language):
        due = words.last_day(request, request.due_at) if request.due_at else _("the day that the law sets")
        return str(TEMPLATES[template][1]) % {"reference": request.reference, "due": due}
