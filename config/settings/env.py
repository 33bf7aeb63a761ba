"""Reads `LETHE_*` settings from the environment, or from the file that `LETHE_ENV_FILE` names."""

import os
from pathlib import Path

import environ

BASE_DIR = Path(__file__).resolve().parent.parent.parent

env = environ.Env()
if env_file := os.environ.get("LETHE_ENV_FILE"):
    environ.Env.read_env(env_file)
