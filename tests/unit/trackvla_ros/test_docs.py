"""docs/trackvla.md names tests, code and settings: each of them exists, each published fact has a test."""

import dataclasses
import re
from pathlib import Path

import pytest

from trackvla_ros.model.config import HeadConfig, SequenceConfig
from trackvla_ros.model.image_config import ImageConfig
from trackvla_ros.training.config import TrainConfig

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "trackvla.md").read_text()
TESTS = "\n".join(path.read_text() for path in sorted((ROOT / "tests").rglob("test_*.py")))
SOURCE = "\n".join(path.read_text() for path in sorted((ROOT / "src" / "trackvla_ros").rglob("*.py")))


def rows(title):
    """Cells of the table below a heading."""
    part = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[1:]]


def test_every_test_the_page_names_exists():
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 40
    assert not {name for name in named if f"def {name}(" not in TESTS}


@pytest.mark.parametrize("row", rows("Published facts"), ids=lambda row: row[0][:40])
def test_a_published_fact_has_code_and_a_test(row):
    _, source, code, test = row
    assert source
    assert re.search(r"`test_\w+`", test)
    names = re.findall(r"`(\w+)`", code)
    assert names
    assert all(re.search(rf"^ *(class|def) {name}\b|^{name}\b", SOURCE, re.MULTILINE) for name in names)


@pytest.mark.parametrize("row", rows("Unpublished choices"), ids=lambda row: row[0])
def test_an_unpublished_choice_is_a_setting_or_says_why_not(row):
    _, choice, reason = row
    parts = {"head": HeadConfig, "sequence": SequenceConfig}
    known = {f"{part}.{f.name}" for part, kind in parts.items() for f in dataclasses.fields(kind)}
    known |= {f.name for kind in (ImageConfig, TrainConfig) for f in dataclasses.fields(kind)}
    settings = [name for name in re.findall(r"`([\w./]+)`", choice) if "/" not in name]
    assert reason
    assert settings or choice.startswith("none: ")
    assert set(settings) <= known


def test_every_choice_called_unpublished_in_the_settings_is_on_the_page():
    parts = {"head.": HeadConfig, "sequence.": SequenceConfig, "": ImageConfig}
    marked = {
        part + f.name
        for part, kind in parts.items()
        for f in dataclasses.fields(kind)
        if f.metadata["doc"].startswith("unpublished")
    }
    assert len(marked) > 12
    assert not {name for name in marked if f"`{name}`" not in PAGE}
