"""The settings of benchmarks: like production, with a fixed key and other connection times.

They are not in benchmarks, which sets Django up on import, because a server reads settings once.
"""

import os

os.environ.setdefault("SECRET_KEY", "a key for the benchmarks alone, which is long enough to pass")
os.environ.setdefault("ALLOWED_HOSTS", "127.0.0.1")
os.environ.setdefault("SECURE_SSL_REDIRECT", "0")

from backoffice.settings import *  # noqa: F403
from backoffice.settings import DATABASES, STORAGES

DATABASES["default"] |= {"CONN_MAX_AGE": None, "CONN_HEALTH_CHECKS": True}
STORAGES |= {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True  # nothing is collected
