"""The tests' settings for benchmarks.hostile_uploads, with a separate folder for uploads."""

import os
import sys
from pathlib import Path

from tests.settings import *  # noqa: F403

UPLOAD_DIR = FILE_UPLOAD_TEMP_DIR = Path(os.environ["HOSTILE_FOLDER"]) / "uploads"
UPLOAD_DIR.mkdir(mode=0o700, exist_ok=True)
MEDIA_ROOT = Path(os.environ["HOSTILE_FOLDER"]) / "media"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"


def prepare():
    """Make the database. Print a superuser's session and the number of an approved batch."""
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.test import Client
    from django.utils import timezone

    from billing.payouts import steps
    from tests.factories import approve, make_blog, make_category, make_count, make_price, make_user

    call_command("migrate", verbosity=0)
    user = User.objects.create_superuser("root", "root@example.org", "x")
    category = make_category()
    make_price(category, "10")
    make_count(make_blog(category=category), 1_000)
    now = timezone.now()
    (month, *_) = steps.find_months_to_build(at=now)
    batch, _ = steps.build_batch(month=month, at=now)
    batch = approve(steps.submit_batch(batch=batch, by=make_user(), at=now), at=now)
    client = Client()
    client.force_login(user)
    sys.stdout.write(f"\n{client.cookies['sessionid'].value} {batch.pk}\n")
