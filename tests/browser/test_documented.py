"""What README and documentation show of the console is what it does: their pictures' script plays to its end."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Browser

from scripts.pictures.__main__ import FOLDER, take
from tests.needs import needs


@needs("chromium", "console-page", "curl")
def test_the_story_of_the_pictures_can_be_played(browser: Browser, tmp_path: Path) -> None:
    take(browser, tmp_path, quick=True)
    assert _names(tmp_path) == _names(FOLDER)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
