"""The project's settings for tests: fast passwords, plain static files, no secret."""

import os

os.environ.setdefault("SECRET_KEY", "a key for the tests alone")
os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,testserver")
os.environ.setdefault("SECURE_SSL_REDIRECT", "0")
os.environ["SITE_URL"] = "http://testserver"

from backoffice.settings import *  # noqa: F403
from backoffice.settings import DATABASES, RATE_LIMITS, STORAGES, VAR_DIR

CURRENCY = "EUR"  # of the amounts in tests; those of the demo set dollars
RECOVERY_CODE_ROUNDS = 1
MFA_TOTP_TOLERANCE = 1  # a slow test may type its code as the half minute ends
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"  # __Host- needs TLS
WATCH_JOBS_FROM_WEB = False  # it would add queries to any page; its own tests switch it on
READY_SECONDS = 0
RATE_LIMITS = dict.fromkeys(RATE_LIMITS, "")  # the tests come from one address
REQUIRE_SECOND_FACTOR = False  # tests of what it asks for turn it on
REAUTHENTICATE_MINUTES = 0
CHANGE_KNOWN_PASSWORDS = False
WHITENOISE_AUTOREFRESH = True  # nothing is collected for the tests
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
}

# Keys for the tests alone: number 11 encrypts, number 21 makes the fingerprints of accounts.
PAYEE_KEYS_FILE = ""
PAYEE_KEYS = """
{"encryption": {"primaryKeyId": 11, "key": [{"keyId": 11, "status": "ENABLED",
  "outputPrefixType": "TINK", "keyData": {"keyMaterialType": "SYMMETRIC",
  "typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey",
  "value": "GiCb2yk53hHCV5DxAsXQAgmKQBp0oAOyEDAVAHpyyyBf4w=="}}]},
 "digest": {"primaryKeyId": 21, "key": [{"keyId": 21, "status": "ENABLED",
  "outputPrefixType": "RAW", "keyData": {"keyMaterialType": "SYMMETRIC",
  "typeUrl": "type.googleapis.com/google.crypto.tink.HmacPrfKey",
  "value": "EgIIAxogmwI7hyICu0KielFotYFKxnWyRjmetkL1B3W5NbEOazY="}}]}}
"""
PAYEE_WAIT_HOURS = 72
PAYEES_REQUIRED = False  # tests of what it asks for turn it on

FILES_AT_ONCE = 100  # the processes of a run are no crowd of readers: nothing waits for another

ASK_SERVER_CLOCK = False  # tests travel in time, and PostgreSQL does not

SPOOL_DIR = VAR_DIR / f"test-spool-{os.getpid()}"  # each test has one of its own: conftest.py

if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # A file of this run, as in production: threads that share one in memory know no WAL.
    DATABASES["default"]["TEST"] = {"NAME": VAR_DIR / f"test-{os.getpid()}.sqlite3"}
    # No test cuts the power: what a killed process committed is kept without waiting for the disk.
    options = DATABASES["default"]["OPTIONS"]
    options["init_command"] = options["init_command"].replace("synchronous=FULL", "synchronous=OFF")
# Of the models, in a third of the time: test_schema.py holds that migrations make the same.
DATABASES["default"].setdefault("TEST", {})["MIGRATE"] = False
