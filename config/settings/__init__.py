"""Settings by topic, all from the environment (`LETHE_*`) or from the file named by `LETHE_ENV_FILE`.

Each topic module declares only its own names; this package puts them together.
"""

from config.settings.apps import *
from config.settings.auth import *
from config.settings.database import *
from config.settings.home import *
from config.settings.i18n import *
from config.settings.log import *
from config.settings.mail import *
from config.settings.queue import *
from config.settings.security import *
from config.settings.storage import *
from config.settings.web import *
