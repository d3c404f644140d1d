"""Times that people read and write are of the site's zone, whatever the machine's is."""

import subprocess
import sys
from pathlib import Path

import pytest

from sipbot import config
from sipbot.errors import ConfigError

HOUR = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from sipbot import config
config.load(Path(sys.argv[1]))
print(datetime(2026, 7, 1, 0, tzinfo=UTC).astimezone().hour)
"""


def hour_with(folder: Path, text: str, **environment: str) -> str:
    """Return which hour it is in a program that has read these settings, at midnight UTC."""
    (folder / "config.toml").write_text(text, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-c", HOUR, str(folder / "config.toml")],
        env={"TZ": "UTC", **environment},
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


def test_time_is_the_sites_and_not_the_machines(tmp_path: Path) -> None:
    assert "9" == hour_with(tmp_path, 'timezone = "Asia/Tokyo"')


def test_summer_time_is_kept(tmp_path: Path) -> None:
    assert "2" == hour_with(tmp_path, "", SIPBOT_TIMEZONE="Europe/Berlin")


def test_time_is_the_machines_where_no_zone_is_named(tmp_path: Path) -> None:
    assert "20" == hour_with(tmp_path, "", TZ="America/New_York")


def test_zone_that_does_not_exist_is_a_mistake_with_its_remedy(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('timezone = "Asia/Tokio"', encoding="utf-8")
    with pytest.raises(ConfigError, match='timezone = "Asia/Tokio": is not a time zone'):
        config.load(file)
