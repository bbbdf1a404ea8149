"""Settings of the back-office. What differs between machines is listed in .env.example."""

import datetime as dt
import os
from decimal import Decimal
from pathlib import Path

from django.utils.csp import CSP

from backoffice.env import (
    BASE_DIR,
    PYTHON,
    VAR_DIR,
    env,
    make_private_folder,
    quote_for_cron,
    read_development_key,
    read_machine_zone,
    read_mailer,
    read_origin,
    read_picture_storage,
    read_shared_cache,
    resolve_database,
)
from backoffice.logs import make_logging
from backoffice.theme import UNFOLD  # noqa: F401

# Files that the application writes, apart from the database: uploads, pictures, logs of jobs.

make_private_folder(VAR_DIR)

# Core

DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = (
    env("SECRET_KEY", default=None) or read_development_key(VAR_DIR / "development.key")
    if DEBUG
    else env("SECRET_KEY")
)
# Replaced keys, with the time of replacement. What they signed stays valid.
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
SECRET_KEY_SINCE = env("SECRET_KEY_SINCE", default="")
ALLOWED_HOSTS = env.list(
    "ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"] if DEBUG else []
)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SITE_NAME = env("SITE_NAME", default="Imprint Press")  # for readers
PRODUCT_NAME = "Imprint"  # for staff

ROOT_URLCONF = "backoffice.urls"
WSGI_APPLICATION = "backoffice.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
FIXTURE_DIRS = [BASE_DIR / "fixtures"]

INSTALLED_APPS = [
    "backoffice",
    "unfold.apps.BasicAppConfig",  # not "unfold": that would replace our admin site
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "unfold.contrib.simple_history",
    "backoffice.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.sitemaps",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "import_export",
    "simple_history",
    "django_crontab",
    "django_prose_editor",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "weblog",
    "billing",
]

MIDDLEWARE = [
    "backoffice.middleware.RequestLogMiddleware",
    "backoffice.middleware.ProbeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "backoffice.middleware.ClientAddressMiddleware",
    "backoffice.limits.queries.QueryLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "backoffice.accounts.middleware.SessionUseMiddleware",
    "backoffice.accounts.middleware.StaffPageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "backoffice.bodies.BodyMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "backoffice.limits.rates.RateLimitMiddleware",
    "backoffice.limits.hashing.HashingMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "backoffice.accounts.gate.GateMiddleware",
    "axes.middleware.AxesMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# Database: SQLite unless DATABASE_URL names a PostgreSQL.

DATABASES = {"default": env.db("DATABASE_URL", default=f"sqlite:///{VAR_DIR}/db.sqlite3")}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    # The same file from every folder in which a command starts.
    DATABASES["default"]["NAME"] = resolve_database(DATABASES["default"]["NAME"])
    # IMMEDIATE and WAL: without both, writers meet "database is locked". FULL: with NORMAL a
    # power cut loses acknowledged commits. recursive_triggers: REPLACE must not skip a trigger.
    # secure_delete: a salt that is destroyed must not stay in the file's free pages.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA recursive_triggers=ON; "
            "PRAGMA secure_delete=ON;"
        ),
    }
else:
    # A new connection for each page would take longer than the page's queries.
    DATABASES["default"] = {"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True} | DATABASES["default"]
    # A pooler in transaction mode (PgBouncer): nothing outlives a transaction. docs/scaling.md
    DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = env.bool("DATABASE_POOLED", default=False)
    # For a server that never answers: without it, libpq waits as long as the network does.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("connect_timeout", 5)

# Limits of a page: of all its queries, a wait for a lock, and slow pages by name. Jobs have none.

WEB_QUERY_SECONDS = env.float("WEB_QUERY_SECONDS", default=10)
WEB_LOCK_SECONDS = env.float("WEB_LOCK_SECONDS", default=5)
LONG_QUERY_SECONDS = env.float("LONG_QUERY_SECONDS", default=300)
LONG_PAGES = [
    "*_import",
    "*_import_posts",
    "*_export",
    "billing_payoutbatch_*",
    "billing_paymentexport_*",
    "billing_verification_*",
    "billing_views_explained_*",
    "billing_accesslogimport_*",
    "billing_finding_*",
    "billing_categoryprice_withdraw",
    "*_extract",
]

# Requests allowed for an account, or for an address that is not signed in: 60/m, 20/h; empty: all.
RATES_FILE = VAR_DIR / "limits.sqlite3"
# What several machines count together is in "shared"; pages of blogs stay with each process.
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
    **read_shared_cache("CACHE_URL"),
}
RATE_LIMITS = {
    what: env(f"RATE_{what}", default=default)
    for what, default in {
        "SIGN_IN": "60/m",
        "READER_SEARCH": "60/m",
        "SEARCH": "120/m",
        "IMPORT": "120/h",
        "EXPORT": "120/h",
    }.items()
}

# Passwords hashed at the same time. Each hash uses a core for a third of a second.
PASSWORD_HASHERS = ["backoffice.limits.hashing.BoundedPasswordHasher"]
HASHES_AT_ONCE = env.int("HASHES_AT_ONCE", default=max(1, (os.cpu_count() or 1) // 2))
HASH_SLOTS_DIR = VAR_DIR / "locks"  # and those of files
FILES_AT_ONCE = env.int("FILES_AT_ONCE", default=max(2, os.cpu_count() or 1))  # 700 MB each at most

# Language and time. TIME_ZONE is the one billing time zone: days and months of views are cut in it.

LANGUAGE_CODE = "en-gb"
TIME_ZONE = env("TIME_ZONE", default="Europe/Berlin")
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["backoffice.formats"]

# Static files
STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": read_picture_storage("PICTURES_URL"),
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Pictures in blogs. An upload is re-encoded; the application serves the result (weblog.views).
MEDIA_URL = "media/"
MEDIA_ROOT = VAR_DIR / "media"

# The size of requests (backoffice.bodies): forms, and files on pages that take files.

UPLOAD_DIR = FILE_UPLOAD_TEMP_DIR = VAR_DIR / "uploads"  # never served
UPLOAD_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILE_UPLOAD_HANDLERS = [
    "django.core.files.uploadhandler.MemoryFileUploadHandler",
    "backoffice.bodies.PrivateFileHandler",
]
DATA_UPLOAD_MAX_MEMORY_SIZE = 5_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 1_000
DATA_UPLOAD_MAX_NUMBER_FILES = 2

# Accounts and sessions

LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"
# No rule on which characters a password has, and no upper limit to its length (ASVS 5.0, 6.2).
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": env.int("PASSWORD_LENGTH", default=12)},
    },
    {"NAME": "backoffice.accounts.passwords.GuessableValidator"},
]
AUTHENTICATION_BACKENDS = ["backoffice.accounts.backends.ThrottledBackend"]

# A sign-in ends after the first time without use, and after the second in any case (NIST
# SP 800-63B-4, 2.2.3: at most an hour and a day). Browsers accept __Host- cookies only over TLS and
# only from this host, so no neighbouring host can plant them.
SESSION_ENGINE = "backoffice.accounts.sessions"
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=60)
SESSION_COOKIE_AGE = env.int("SESSION_HOURS", default=12) * 60 * 60
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict: links in mails would sign out
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
CSRF_FAILURE_VIEW = "backoffice.error_pages.form_is_stale"
MESSAGE_STORAGE = "backoffice.accounts.messages.MessageStorage"

CHANGE_KNOWN_PASSWORDS = env.bool("CHANGE_KNOWN_PASSWORDS", default=True)  # at sign-in
PASSWORD_RESET_TIMEOUT = env.int("PASSWORD_RESET_MINUTES", default=60) * 60

# Second factors, by allauth. Its sign-up, mails, addresses and limits are not used. Sensitive steps
# ask for the factor again if the last time is more than REAUTHENTICATE_MINUTES ago (0: never).
REQUIRE_SECOND_FACTOR = env.bool("REQUIRE_SECOND_FACTOR", default=not DEBUG)
SECOND_FACTOR_GROUPS = env.list(
    "SECOND_FACTOR_GROUPS", default=["Finance", "Approvers", "Auditors", "Authors", "Editors"]
)
REAUTHENTICATE_MINUTES = env.int("REAUTHENTICATE_MINUTES", default=15)
FACTOR_KEYS = env.list("FACTOR_KEY", default=[])  # the newest first; none: SECRET_KEY
ACCOUNT_ADAPTER = "backoffice.accounts.adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_NOTIFICATIONS = False
ACCOUNT_RATE_LIMITS = MFA_RATE_LIMITS = False  # backoffice.accounts.throttle counts
ACCOUNT_REAUTHENTICATION_TIMEOUT = REAUTHENTICATE_MINUTES * 60
ACCOUNT_FORMS = {"reauthenticate": "backoffice.accounts.forms.ConfirmPasswordForm"}
MFA_ADAPTER = "backoffice.accounts.adapters.FactorAdapter"
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_TOTP_TOLERANCE = env.int("TOTP_TOLERANCE", default=0)  # half minutes before and after its own
RECOVERY_CODE_ROUNDS = 600_000  # of PBKDF2 (OWASP, Password Storage Cheat Sheet, 2026)
MFA_FORMS = {
    "authenticate": "backoffice.accounts.forms.AuthenticateForm",
    "reauthenticate": "backoffice.accounts.forms.ReauthenticateForm",
    "activate_totp": "backoffice.accounts.forms.EnrolAppForm",
    "authenticate_webauthn": "backoffice.accounts.forms.AuthenticatePasskeyForm",
    "reauthenticate_webauthn": "backoffice.accounts.forms.ReauthenticatePasskeyForm",
    "add_webauthn": "backoffice.accounts.forms.EnrolPasskeyForm",
}

# Wrong passwords and codes (backoffice.accounts.throttle): the limits of an account at one address,
# of an account from everywhere, and of an address; then the length of a lock.

AXES_FAILURE_LIMIT = env.int("SIGN_IN_FAILURES", default=5)
SIGN_IN_FAILURES_OF_ACCOUNT = env.int("SIGN_IN_FAILURES_OF_ACCOUNT", default=25)
SIGN_IN_FAILURES_OF_ADDRESS = env.int("SIGN_IN_FAILURES_OF_ADDRESS", default=50)
SIGN_IN_LOCK_MINUTES = env.int("SIGN_IN_LOCK_MINUTES", default=15)
AXES_COOLOFF_TIME = dt.timedelta(minutes=SIGN_IN_LOCK_MINUTES)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False  # or further tries would extend the lock
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username", "ip_address"]
AXES_RESET_ON_SUCCESS = True
AXES_HANDLER = "backoffice.accounts.throttle.Throttle"
AXES_CLIENT_IP_CALLABLE = "backoffice.accounts.throttle.name_address"
AXES_LOCKOUT_CALLABLE = "backoffice.accounts.locks.show_lock"
AXES_DISABLE_ACCESS_LOG = True  # nothing here reads it
AXES_ENABLE_ADMIN = False  # backoffice.accounts.admin
AXES_VERBOSE = False

# How long an event of the security log keeps its network address, and how long a person signs no
# payout after somebody else changed their account. In the demo nobody has to wait.
SECURITY_ADDRESS_DAYS = env.int("SECURITY_ADDRESS_DAYS", default=90)
SINGLE_ADMINISTRATOR = env.bool("SINGLE_ADMINISTRATOR", default=False)  # nobody to confirm rights
SIGNING_PAUSE_HOURS = env.int("SIGNING_PAUSE_HOURS", default=0 if DEBUG else 72)

# A name stays with money that was paid or signed under it for this many whole years, from the end
# of the year of the last such act. § 147 AO (Germany, as of 2025) requires ten for books.
ACCOUNT_KEEP_YEARS = env.int("ACCOUNT_KEEP_YEARS", default=10)

# Backups: the folder, the number kept (0: all), and the folder of PostgreSQL's programs.

BACKUP_DIR = Path(env("BACKUP_DIR", default=f"{VAR_DIR}/backups"))
BACKUP_KEEP = env.int("BACKUP_KEEP", default=14)
POSTGRESQL_BIN = env("POSTGRESQL_BIN", default="")

# Transport and browser security. The admin's theme writes style attributes; its scripts need no
# 'unsafe-eval' (static/backoffice/theme.js). The public pages' policy is stricter (weblog.views).

SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=not DEBUG)
SECURE_HSTS_SECONDS = 0 if DEBUG else env.int("SECURE_HSTS_SECONDS", default=365 * 24 * 60 * 60)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = not DEBUG
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_TLS_PROXY", default=False) else None
)
X_FRAME_OPTIONS = "SAMEORIGIN"  # the theme opens related objects in an iframe
SILENCED_SYSTEM_CHECKS = ["security.W019"]  # asks for DENY
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF, CSP.UNSAFE_INLINE],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.SELF],
    "form-action": [CSP.SELF],
}

TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)  # of ours, whose X-Forwarded-For we trust

# Mail. The people in ADMINS get mails about failures.

MAILERS = {
    "default": read_mailer("EMAIL_URL", default="consolemail://" if DEBUG else "smtp://localhost")
}
ADMINS = env.list("ADMINS", default=[])
MAIL_RECORD_DAYS = env.int("MAIL_RECORD_DAYS", default=400)
REMIND_AFTER_DAYS = env.int("REMIND_AFTER_DAYS", default=3)
REMIND_AGAIN_DAYS = env.int("REMIND_AGAIN_DAYS", default=7)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env("DEFAULT_FROM_EMAIL", default="backoffice@localhost")
SITE_URL = read_origin("SITE_URL", default="http://localhost:8000")  # of links in mails, feeds

# Logs and failures. ADMINS get mails; Sentry hears too if a DSN is set. docs/operations.md

SECURITY_LOG = env("SECURITY_LOG", default="")
LOGGING = make_logging(debug=DEBUG, security_log=SECURITY_LOG)
LOGGED_PATHS = ("/admin/", "/accounts/")  # requests of staff; those of readers are never logged
ALERTS_DIR = VAR_DIR / "alerts"  # the mailed failures, with their numbers
EMAIL_SUBJECT_PREFIX = f"[{PRODUCT_NAME}] "  # of what ADMINS hear
SENTRY_DSN = env("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env("SENTRY_ENVIRONMENT", default="")

# Health: /healthz, /readyz and /metrics. docs/operations.md

METRICS = env.bool("METRICS", default=False)
HEALTH_TOKEN = env("HEALTH_TOKEN", default="")  # for monitoring from another machine
READY_SECONDS = 5  # /readyz repeats its answer for so long
DISK_FREE_MB = env.int("DISK_FREE_MB", default=200)  # with less, /readyz fails

# History, import and export. Export needs its own permission; formulas are guarded by base_admin.

SIMPLE_HISTORY_REVERT_DISABLED = True
SIMPLE_HISTORY_HISTORY_CHANGE_REASON_USE_TEXT_FIELD = True
SIMPLE_HISTORY_ENFORCE_HISTORY_MODEL_PERMISSIONS = False
IMPORT_EXPORT_IMPORT_PERMISSION_CODE = "import"
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"
IMPORT_EXPORT_ESCAPE_ILLEGAL_CHARS_ON_EXPORT = True

# The editorial room

PUBLISH_OWN_BLOGS = env.bool("PUBLISH_OWN_BLOGS", default=False)  # without a second person

# Counting and paying

CURRENCY = env("CURRENCY", default="USD")  # ISO 4217
ROBOT_LISTS = env.list("ROBOT_LISTS", default=["counter", "is-bot", "own"])
KNOWN_PEOPLE = env.bool("KNOWN_PEOPLE", default=True)  # whom bare words on the lists hit
PAYOUT_GRACE_DAYS = env.int("PAYOUT_GRACE_DAYS", default=2)
MINIMUM_PAYOUT = env("MINIMUM_PAYOUT", cast=Decimal, default=Decimal(0))
OUTSTANDING_ALARM_DAYS = env.int("OUTSTANDING_ALARM_DAYS", default=60)
SECOND_APPROVAL_ABOVE = env("SECOND_APPROVAL_ABOVE", cast=Decimal, default=Decimal("Infinity"))
# Payees' details: their keys (billing.payees.keys), in a file or as text, and the wait of a change.
PAYEE_KEYS_FILE = env("PAYEE_KEYS_FILE", default=f"{VAR_DIR}/payee.keys" if DEBUG else "")
PAYEE_KEYS = "" if PAYEE_KEYS_FILE else env("PAYEE_KEYS", default="")
PAYEE_WAIT_HOURS = env.int("PAYEE_WAIT_HOURS", default=0 if DEBUG else 72)
PAYEES_REQUIRED = env.bool("PAYEES_REQUIRED", default=DEBUG)  # without details no batch goes on
VIRUS_SCANNER = env("VIRUS_SCANNER", default="")  # clamd:/SOCKET, clamd:HOST:PORT or a command
ACCESS_LOG_UPLOAD_MB = env.int("ACCESS_LOG_UPLOAD_MB", default=20)
SPOOL_DIR = Path(env("SPOOL_DIR", default=str(VAR_DIR / "spool")))  # on a disk of this machine
VIEWS_BROKER = env.list("VIEWS_BROKER", default=[])  # URLs of NATS servers; empty: no broker
VIEWS_BROKER_REPLICAS = env.int("VIEWS_BROKER_REPLICAS", default=3)
VIEW_RETENTION_DAYS = env.int("VIEW_RETENTION_DAYS", default=400)
BUCKET_SECRET = env("AWS_SECRET_ACCESS_KEY", default="")  # for checks: libraries read both
BUCKET_ENDPOINT = env("AWS_ENDPOINT", default="")
ARCHIVE_URL = env("ARCHIVE_URL", default="")  # /a/folder or s3://bucket/path; empty: no archive
ARCHIVE_WORK_DIR = Path(env("ARCHIVE_WORK_DIR", default="") or VAR_DIR / "archive-work")
BOOKS_ACCOUNTS = env.dict("BOOKS_ACCOUNTS", default={})  # {account of the journal: its number}
BOOKS_DATEV = env.dict("BOOKS_DATEV", default={})  # consultant, client, year_starts
BOOKS_XERO_TAX_RATE = env("BOOKS_XERO_TAX_RATE", default="Tax Exempt")
# Files to the bank: the account that pays, the style of addresses, working days until it is paid.
BANK_ACCOUNT = env.dict("BANK_ACCOUNT", default={})  # name, iban, bic, and an address
BANK_ADDRESSES, BANK_DAYS = env("BANK_ADDRESSES", default="structured"), env.int("BANK_DAYS", 1)
BANK_NACHA = env.dict("BANK_NACHA", default={})  # routing, bank, company_id, company

# Jobs. Each can be repeated safely and is recorded as a JobRun. `cron` starts them, or `systemd`
# (deploy/systemd), or another machine (`elsewhere`). Checks look for the starter named here.

JOBS_STARTED_BY = env("JOBS_STARTED_BY", default="cron")
CLOCK_JUMP_DAYS = env.int("CLOCK_JUMP_DAYS", default=3)  # without a job, until someone confirms
ASK_SERVER_CLOCK = True  # PostgreSQL's, as a second clock beside this machine's
JOBS_DIR = VAR_DIR / "jobs"  # locks, and records that the database refused
JOB_MINUTES = env.float("JOB_MINUTES", default=50)  # then a job is ended
JOB_MINUTES_OF = {
    name: float(minutes)
    for name, _, minutes in (job.partition("=") for job in env.list("JOB_MINUTES_OF", default=[]))
}
CRON_TIME_ZONE = env("CRON_TIME_ZONE", default=read_machine_zone())
WATCH_JOBS_FROM_WEB = True  # a request notices if no job runs
JOB_OPTIONS = {"verify_payouts": ["--new-views"]}  # of the command, when it runs as a job

CRONTAB_COMMENT = env("CRONTAB_COMMENT", default="backoffice of the publishing house")
CRONTAB_DJANGO_SETTINGS_MODULE = "backoffice.settings"
# The shell opens the log before Python starts: the line makes its folder, for this user alone.
CRONTAB_COMMAND_PREFIX = f"umask 077 && cd {quote_for_cron(BASE_DIR)} && mkdir -p var &&"
CRONTAB_PYTHON_EXECUTABLE = quote_for_cron(PYTHON)
CRONTAB_DJANGO_MANAGE_PATH = quote_for_cron(BASE_DIR / "manage.py")
CRONTAB_COMMAND_SUFFIX = ">> var/cron.log 2>&1"
# They are about files of their machine. Of several machines one runs each of the others.
JOBS_OF_EACH_MACHINE = {"clean_uploads", "fold_views", "purge_readers"}
OFTEN, RUN_JOB = "*/5 * * * *", "backoffice.jobs.run_job"
CRONJOBS = [
    *((OFTEN, RUN_JOB, [name]) for name in ("publish_new_texts", "clean_uploads", "send_mails")),
    ("25 * * * *", RUN_JOB, ["clearsessions"]),
    ("10 4 * * *", RUN_JOB, ["forget_addresses"]),
    ("30 1 * * *", RUN_JOB, ["backup"]),
    ("30 6 * * *", RUN_JOB, ["send_reminders"]),
]
if "billing" in INSTALLED_APPS:
    CRONJOBS += [
        *((OFTEN, RUN_JOB, [name]) for name in ("fold_views", "seal_traces")),
        ("50 2 * * *", RUN_JOB, ["find_findings"]),
        ("20 3 * * *", RUN_JOB, ["build_payout_batch"]),
        ("50 3 * * *", RUN_JOB, ["verify_payouts"]),
        ("40 * * * *", RUN_JOB, ["purge_readers"]),
    ]
    if ARCHIVE_URL:
        CRONJOBS.append(("20 5 * * *", RUN_JOB, ["archive_views"]))
