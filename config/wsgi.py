"""The WSGI application that cheroot and gunicorn serve."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from cctv.retention.backup.selectors import refuse_unfinished_restore  # noqa: E402  # needs the applications

# A web server of another kind comes in here, past `manage.py serve`.
refuse_unfinished_restore()
