"""Mail: nothing is attempted without EMAIL_HOST; what would have been said stands on the pages too."""

from config.settings.env import env

EMAIL_HOST = env.str("EMAIL_HOST", "")
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_USE_SSL = env.bool("EMAIL_USE_SSL", False)
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'dummy'}.EmailBackend"
DEFAULT_FROM_EMAIL = env.str("LETHE_MAIL_FROM", "Lethe <lethe@localhost>")
# Where people reach Lethe, such as https://lethe.example.org: for links in mail.
LETHE_URL = env.str("LETHE_URL", "")

# Whom a requester may turn to besides us, where the table of the law does not fit: "name|how; name|how".
LETHE_REGULATORS = [each for each in env.str("LETHE_REGULATORS", "").split(";") if each.strip()]
