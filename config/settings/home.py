"""Where this installation keeps what it writes, and what kind of installation it is."""

from pathlib import Path

from config.settings.env import BASE_DIR, env

# Everything that an embedded installation writes lies below this folder.
LETHE_HOME = Path(env.str("LETHE_HOME", str(BASE_DIR / "var"))).resolve()

# A demonstration installation shows its accounts on the sign-in page; never set it on real footage.
# `manage.py demo` leaves a file behind, so that a later `serve` on the same home knows as well.
LETHE_DEMO = env.bool("LETHE_DEMO", (LETHE_HOME / "demo-installation").exists())

# Run background work inside the web process (the embedded default) or leave it to separate workers.
REDIS_URL = env.str("REDIS_URL", "")
LETHE_EMBEDDED = not REDIS_URL

LETHE_VERSION = "0.1.0"
