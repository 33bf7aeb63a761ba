"""Applications, middleware, templates: the composition of the house."""

from config.settings.env import BASE_DIR, env
from config.settings.home import LETHE_DEMO

DEBUG = env.bool("LETHE_DEBUG", False)
ROOT_URLCONF = "config.urls"
# Where mails lead to, whatever addresses this process serves itself.
LETHE_OFFICE_URLS = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "django_htmx",
    "csp",
    # Before allauth: of two catalogues with the same string the earlier application's wins.
    "cctv",
    "accesslog",
    "allauth",
    "allauth.account",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "config.shell.AccountLanguageMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.errors.ErrorPagesMiddleware",
    # Last, so that it hears of an exception before the pages above make it an answer.
    "cctv.people.refused.RefusalMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.shell.shell",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.l10n",
                "django.templatetags.static",
                "cctv.templatetags.lethe",
            ],
        },
    },
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "config" / "static"]
STATIC_ROOT = None
# Served straight from the checkout: the two-command set-up has no collectstatic step.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG or LETHE_DEMO

# Injected into accesslog and others, which import nothing from above them.
LETHE_SERVER = "config.serving.run"
# What the register asks before it takes a rule that would end footage (the register stands below it).
LETHE_RULE_ENDS = "cctv.retention.shortening.would_end"
# Who keeps, beyond any backup, what is no longer to be shown (the register stands below the vault).
LETHE_JOURNAL = "cctv.vault.journal.tell"
# Who tells a timeline which footage holds keep.
LETHE_HELD_SPANS = "cctv.retention.holds.selectors.held_spans"
# The latest moment that was certainly reached: expired footage stays refused when the clock is set back.
LETHE_KNOWN_PAST = "cctv.retention.selectors.last_trusted"
# Whether the register may be an older copy: the sweeper of sealed objects without a row then waits.
LETHE_ORPHANS_WAIT = "cctv.retention.backup.selectors.register_in_doubt"
# Who hears that footage was erased before its time: whoever has a copy of it has to be told.
LETHE_ERASED = "cctv.disclosure.provisions.notices.after_erasure"
# Who else has sealed objects in the store (functions `known` and `names`), and replays lines of the keys'
# journal.
LETHE_OBJECT_KEEPERS = ["cctv.disclosure.keeping", "cctv.subjects.identity.keeping"]
LETHE_JOURNAL_KINDS = {
    "package_ended": "cctv.disclosure.packaging.replaying.ended",
    "request": "cctv.subjects.requests.remembered.received",
    "request_ended": "cctv.subjects.requests.remembered.ended",
}
# Who ends, once a register was put back, what the journal cannot tell it of.
LETHE_AFTER_RESTORE = [
    "cctv.disclosure.handing.replaying.after_restore",
    "cctv.subjects.delivering.services.after_restore",
    "cctv.subjects.identity.keeping.after_restore",
]
# Modules whose checks `manage.py doctor` asks besides those of the areas.
LETHE_DOCTORS = ["config.doctor", "config.doctor_log"]
LETHE_DEMO_RUN = "config.demo.run.run"
LETHE_DEMO_CHECK = "config.demo.check.run"
