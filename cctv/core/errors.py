"""Errors that a person can act on: a stable code, what happened, what to do."""

from typing import Any


class LetheError(Exception):
    """Base of every error that may reach a user.

    `code` is stable (for scripts and tests), `message` says what happened, `hint` what to do,
    `status` is the HTTP status that the error page or the API answers with.
    """

    code = "error"
    status = 400
    message: Any = ""
    hint: Any = ""

    def __init__(self, message: Any = None, *, hint: Any = None, code: str | None = None) -> None:
        """Keep the class's texts unless better ones are given (strings or lazy translations)."""
        if message is not None:
            self.message = message
        if hint is not None:
            self.hint = hint
        if code is not None:
            self.code = code
        super().__init__(self.message)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}" + (f" {self.hint}" if self.hint else "")
