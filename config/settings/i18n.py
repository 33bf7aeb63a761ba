"""Languages and time. Stored times are UTC; pages show the site's zone."""

from config.settings.env import BASE_DIR, env

LANGUAGE_CODE = env.str("LETHE_LANGUAGE", "en")
LANGUAGES = [("en", "English"), ("ko", "한국어"), ("ja", "日本語")]
LANGUAGE_COOKIE_NAME = "lethe_language"
LOCALE_PATHS = [BASE_DIR / "config" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False
