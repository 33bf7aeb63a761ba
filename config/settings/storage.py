"""Where sealed footage lies: a local folder with an installation marker, or an S3 bucket."""

from typing import Any

from config.settings.env import env
from config.settings.home import LETHE_HOME

LETHE_FOOTAGE_ROOT = env.path("LETHE_FOOTAGE_ROOT", str(LETHE_HOME / "footage"))
LETHE_KEYS_ROOT = env.path("LETHE_KEYS_ROOT", str(LETHE_HOME / "keys"))
LETHE_KEY_MIRRORS: list[str] = env.list("LETHE_KEY_MIRRORS", default=[])
# Where the roots of the keyrings are: in a file of this host, or sealed by OpenBao's transit engine.
LETHE_ROOT = env.str("LETHE_ROOT", "file")
LETHE_OPENBAO: dict[str, str] = {
    "url": env.str("LETHE_OPENBAO_URL", ""),
    "token": env.str("LETHE_OPENBAO_TOKEN", ""),
    "token_file": env.str("LETHE_OPENBAO_TOKEN_FILE", ""),
    "role_id": env.str("LETHE_OPENBAO_ROLE_ID", ""),
    "secret_id_file": env.str("LETHE_OPENBAO_SECRET_ID_FILE", ""),
    "ca": env.str("LETHE_OPENBAO_CA", ""),
    "mount": env.str("LETHE_OPENBAO_MOUNT", "transit"),
    "namespace": env.str("LETHE_OPENBAO_NAMESPACE", ""),
    "key_prefix": env.str("LETHE_OPENBAO_KEY_PREFIX", "lethe"),
}
# Folders that get keyring and escrow of the records ring but no root, for the offline recovery key.
LETHE_ESCROW_FOLDERS: list[str] = env.list("LETHE_ESCROW_FOLDERS", default=[])
# Folders that a recorder drops files into live here unless a source names another.
LETHE_DROP_ROOT = env.path("LETHE_DROP_ROOT", str(LETHE_HOME / "drop"))
# Sources may lie in these folders and below them, and nowhere else: who adds a source on a page must not
# reach the rest of the disk.
LETHE_SOURCE_ROOTS: list[str] = env.list("LETHE_SOURCE_ROOTS", default=[str(LETHE_DROP_ROOT)])

if bucket := env.str("LETHE_S3_BUCKET", ""):
    _footage: dict[str, Any] = {
        "BACKEND": "cctv.vault.s3storage.FootageS3Storage",
        "OPTIONS": {
            "bucket_name": bucket,
            "endpoint_url": env.str("LETHE_S3_ENDPOINT", "") or None,
            "access_key": env.str("LETHE_S3_ACCESS_KEY", "") or None,
            "secret_key": env.str("LETHE_S3_SECRET_KEY", "") or None,
            "region_name": env.str("LETHE_S3_REGION", "") or None,
            "location": env.str("LETHE_S3_PREFIX", ""),
            "file_overwrite": False,
            "default_acl": None,
        },
    }
else:
    _footage = {
        "BACKEND": "cctv.vault.storage.FootageFileStorage",
        "OPTIONS": {"location": str(LETHE_FOOTAGE_ROOT)},
    }

STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "footage": _footage,
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# Footage bodies are streamed into the sealer; nothing may be spooled to a temporary file.
FILE_UPLOAD_HANDLERS = ["cctv.core.uploads.InMemory"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
LETHE_UPLOAD_MAX_BYTES = env.int("LETHE_UPLOAD_MAX_BYTES", 8 * 1024**3)
LETHE_TRANSCODE_JOBS = env.int("LETHE_TRANSCODE_JOBS", 1)
# Another ONNX detector than the one that comes with Lethe; redactions worked on at once in a process.
LETHE_REDACTION_DETECTOR = env.str("LETHE_REDACTION_DETECTOR", "")
LETHE_REDACTION_JOBS = env.int("LETHE_REDACTION_JOBS", 1)
# So many packages of exports are made at once by one worker.
LETHE_PACKAGE_JOBS = env.int("LETHE_PACKAGE_JOBS", 1)
# How much of one core motion facts may take, in percent.
LETHE_MOTION_PERCENT = min(100, max(1, env.int("LETHE_MOTION_PERCENT", 100)))
