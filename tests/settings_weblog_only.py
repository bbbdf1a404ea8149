"""The tests' settings without billing. Everything else keeps working."""

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "billing"]
CRONJOBS = [
    ("*/5 * * * *", "backoffice.jobs.run_job", ["publish_new_texts"]),
    ("*/5 * * * *", "backoffice.jobs.run_job", ["clean_uploads"]),
    ("*/5 * * * *", "backoffice.jobs.run_job", ["send_mails"]),
    ("25 * * * *", "backoffice.jobs.run_job", ["clearsessions"]),
    ("10 4 * * *", "backoffice.jobs.run_job", ["forget_addresses"]),
    ("30 1 * * *", "backoffice.jobs.run_job", ["backup"]),
    ("30 6 * * *", "backoffice.jobs.run_job", ["send_reminders"]),
]
