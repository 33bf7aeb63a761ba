"""Addresses that open something by themselves are not written into the process's log.

The link to a copy, `/d/<token>/`, works for days. In its place stands the beginning of the hash under which
the token is kept, so that whoever may read the register can still tell which link a line is about.
"""

import logging
import re
from hashlib import sha256

_SHOWN = 6
# In a path, and wherever one stands in a text: a traceback, the words of an exception.
_LINK = re.compile(r"/d/([A-Za-z0-9_-]{20,})", re.ASCII)


def without_secret(text: str) -> str:
    """The text with no link's token in it."""
    return _LINK.sub(lambda found: f"/d/#{sha256(found[1].encode()).hexdigest()[:_SHOWN]}", text)


class Secretless(logging.Filter):
    """Cleans a record's words, what fills them, and its traceback; every handler that writes has it."""

    def filter(self, record: logging.LogRecord) -> bool:
        """True: the record stays."""
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = without_secret(record.exc_text)
        try:
            record.msg, record.args = without_secret(record.getMessage()), None
        except (TypeError, ValueError):
            record.args = None  # words and what fills them do not fit
            record.msg = without_secret(str(record.msg))
        return True
