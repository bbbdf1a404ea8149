import stat

from backoffice.env import read_development_key


def test_key_is_made_once_for_its_owner_alone(tmp_path):
    path = tmp_path / "var" / "development.key"
    key = read_development_key(path)
    assert len(key) > 50
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read_development_key(path) == key
    assert read_development_key(tmp_path / "other.key") != key
