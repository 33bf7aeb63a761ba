"""The addresses of the shell itself: home, appearance, language, style guide."""

from django.urls import path

from config import shell

urlpatterns = [
    path("", shell.home, name="home"),
    path("theme/", shell.set_theme, name="theme"),
    path("language/", shell.set_language, name="language"),
    path("styleguide/", shell.styleguide, name="styleguide"),
]
