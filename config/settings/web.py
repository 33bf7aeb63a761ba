"""What stands before the web process, and how much one peer may ask of it."""

from config.settings.env import env

# One proxy, which overwrites X-Forwarded-Proto and adds whom it was asked by to X-Forwarded-For.
LETHE_BEHIND_PROXY = env.bool("LETHE_BEHIND_PROXY", False)

# Each thread keeps a connection to each of two databases: PostgreSQL admits a hundred by default.
LETHE_WEB_THREADS = env.int("LETHE_WEB_THREADS", 32 if env.str("LETHE_DATABASE_URL", "") else 64)
# Requests at a time of one address; 0 is no bound.
LETHE_PEER_REQUESTS = env.int("LETHE_PEER_REQUESTS", 16)

# What /readyz and /metrics ask of those who are not on this machine.
LETHE_METRICS_TOKEN = env.str("LETHE_METRICS_TOKEN", "")

# A virus scanner that reads what the public sends from its input, such as "clamdscan -"; none without.
LETHE_SCAN_COMMAND = env.str("LETHE_SCAN_COMMAND", "")
LETHE_SCAN_SECONDS = env.int("LETHE_SCAN_SECONDS", 20)

# Counts (what one connection asks for, wrong secrets) and small answers that are soon old. In memory, for
# each process: a shared cache that is away would take the pages with it. Django keeps 300 unless told.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}
