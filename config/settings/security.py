"""Secrets, hosts, cookies, headers. Weak settings are refused loudly by the system checks."""

import secrets
from pathlib import Path

from config.settings.env import env
from config.settings.home import LETHE_HOME
from config.settings.web import LETHE_BEHIND_PROXY


def _installation_secret(path: Path) -> str:
    """The installation's own secret key, made once; a secret in the environment wins."""
    if given := env.str("LETHE_SECRET_KEY", ""):
        return str(given)
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
        temporary.touch(mode=0o600)
        temporary.write_text(secrets.token_urlsafe(48))
        try:
            # link(2) refuses to replace: of two processes starting at once, one wins for both.
            path.hardlink_to(temporary)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
        return path.read_text().strip()


SECRET_KEY = _installation_secret(LETHE_HOME / "secret.key")
ALLOWED_HOSTS = env.list("LETHE_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])
LETHE_HTTPS = env.bool("LETHE_HTTPS", False)
CSRF_TRUSTED_ORIGINS = env.list("LETHE_TRUSTED_ORIGINS", default=[])
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if LETHE_BEHIND_PROXY else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = LETHE_HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = LETHE_HTTPS
SECURE_HSTS_SECONDS = 31536000 if LETHE_HTTPS else 0
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.errors.csrf_failure"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "media-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "font-src": ["'self'"],
        "worker-src": ["'none'"],
        "manifest-src": ["'self'"],
        "form-action": ["'self'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    },
}
