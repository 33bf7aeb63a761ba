"""Backup and restore the documented way: databases and keyrings yes, roots no."""
