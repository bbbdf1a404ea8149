from pathlib import Path

import pytest
from django.conf import settings


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real access logs and robot lists that lies beside the repository."""
    folder = Path(settings.BASE_DIR).parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"No access logs and robot lists in {folder}.")
    return folder
