"""The log as files that outsiders can check: C2SP tiles and signed checkpoints. See accesslog/README.md."""
