import os
import subprocess
import sys

import pytest
from django.conf import settings

pytestmark = pytest.mark.slow


@pytest.mark.thorough
@pytest.mark.any_database
def test_empty_database_can_be_migrated(tmp_path):
    """The checks that read the database run before its first table exists."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/empty.sqlite3",
        "SECRET_KEY": "k" * 60,
        "DEBUG": "0",
    }
    plan = [sys.executable, "manage.py", "migrate", "--plan"]
    done = subprocess.run(
        plan, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-1000:]
    assert "Planned operations:" in done.stdout
