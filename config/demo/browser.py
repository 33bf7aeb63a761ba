"""A small HTTP client with cookies and CSRF, for the demonstration's check of itself."""

import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from http.cookiejar import CookieJar

CSRF_FIELD = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, final address, and body of an answer."""

    status: int
    url: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")


class Client:
    """One person's browser, without a screen."""

    def __init__(self, base: str) -> None:
        """`base` is the server's address, without a slash at its end."""
        self.base = base
        handler = urllib.request.HTTPCookieProcessor(CookieJar())
        self.opener = urllib.request.build_opener(handler)

    def get(self, path: str) -> Answer:
        """Fetch a page or a resource; refusals are answers too."""
        return self._open(urllib.request.Request(self._url(path)))  # noqa: S310 - only its own server

    def post(self, path: str, fields: dict[str, str | list[str]], *, page: str | None = None) -> Answer:
        """Send a form with the token of `page` (by default of the same address)."""
        token = CSRF_FIELD.search(self.get(page or path).text)
        data = urllib.parse.urlencode(
            {**fields, "csrfmiddlewaretoken": token.group(1) if token else ""}, doseq=True
        ).encode()
        request = urllib.request.Request(self._url(path), data=data, headers={"Referer": self._url(path)})  # noqa: S310
        return self._open(request)

    def sign_in(self, email: str, password: str) -> Answer:
        """Sign in as somebody."""
        return self.post("/accounts/login/", {"login": email, "password": password})

    def _url(self, path: str) -> str:
        return path if path.startswith("http") else self.base + path

    def _open(self, request: urllib.request.Request) -> Answer:
        try:
            with self.opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.url, answer.read())
        except urllib.error.HTTPError as refusal:
            return Answer(refusal.code, refusal.url, refusal.read())
