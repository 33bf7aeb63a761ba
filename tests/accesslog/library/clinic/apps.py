"""Django's entry point: what the clinic logs."""

from django.apps import AppConfig


class ClinicConfig(AppConfig):
    name = "clinic"

    def ready(self) -> None:
        from accesslog.registry import EventType, register

        register(
            EventType(
                kind="file.opened",
                required=frozenset({"actor", "site", "camera"}),
                optional=frozenset({"reason"}),
                sentence="{actor} opened the file {camera}.",
                personal=frozenset({"actor"}),
            )
        )
