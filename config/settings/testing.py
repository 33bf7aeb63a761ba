"""Settings for the tests: a throw-away home, quick password hashes; all else as in production."""

import os
import tempfile

os.environ.setdefault("LETHE_HOME", tempfile.mkdtemp(prefix="lethe-test-"))

from config.settings import *

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SECURE_SSL_REDIRECT = False
