"""The documentation holds what the code has: no dead link, every stop reason, doctor line, tracker, policy, topic."""

import ast
import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import yaml

from go2_bridge.safety.arming import HoldReason
from go2_bridge.safety.watchdog import ControlStatus, StopReason
from track_common.interfaces import Observation
from track_common.types import Box, Camera, Frame, Sighting
from trackvla_cli import doctor
from trackvla_ros.registry import POLICIES, PolicyEntry
from vlt_ros.registry import TRACKERS, TrackerEntry

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GENERATED = {DOCS / "reference" / name for name in ("parameters.md", "topics.md", "services.md", "cli.md")}
GENERATED |= {DOCS / "reference" / "launch_arguments.md", DOCS / "changelog.md"}
PAGES = sorted([*DOCS.rglob("*.md"), *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))])
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub and MkDocs make them."""
    titles = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[\s]+", "-", re.sub(r"[^\w\s-]", "", title.replace("`", "").lower()).strip()) for title in titles}


def first_cells(page: str, title: str) -> list[str]:
    """First cells of the table under a heading, without its head."""
    part = (DOCS / page).read_text(encoding="utf-8").split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]
    return [line.strip("|").split(" | ")[0].strip() for line in part.splitlines() if line.startswith("| ")][1:]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_a_page_and_a_heading(page):
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    for match in LINK.finditer(text):
        link = match.group(1) or match.group(2)
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists() or target in GENERATED, f"{page.name} links to {link}, which is not there"
        if anchor and target not in GENERATED:
            assert anchor in anchors(target), f"{page.name} links to {link}, which has no such heading"


def test_every_page_is_in_the_navigation():
    def files(entry):
        if isinstance(entry, str):
            return {entry}
        return set().union(*(files(part) for part in (entry.values() if isinstance(entry, dict) else entry)))

    named = files(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    assert {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} - named == set()
    assert {name for name in named if not (DOCS / name).exists() and DOCS / name not in GENERATED} == set()


@pytest.mark.parametrize(
    ("title", "reasons"),
    [
        ("Stop reasons of the controller", StopReason),
        ("Statuses of the controller", ControlStatus),
        ("Hold reasons of the bridge", HoldReason),
    ],
)
def test_troubleshooting_has_every_reason_and_no_other(title, reasons):
    assert sorted(first_cells("troubleshooting.md", title)) == sorted(reason.value for reason in reasons)


def test_troubleshooting_has_every_line_of_the_doctor_and_no_other():
    calls = [node for node in ast.walk(ast.parse(Path(doctor.__file__).read_text())) if isinstance(node, ast.Call)]
    names = {name.split("/")[0] for name in doctor.HASHES}
    for call in calls:
        function = call.func.id if isinstance(call.func, ast.Name) else ""
        words = [word.value for word in call.args if isinstance(word, ast.Constant)]
        if function == "Finding" and isinstance(call.args[0], ast.Constant):
            names.add(words[0])
        elif function == "_library":
            names.add(words[-1])
    assert len(names) > 15
    assert set(first_cells("troubleshooting.md", "Lines of trackvla doctor")) == names


def test_every_tracker_and_policy_has_a_card_with_the_same_headings():
    for name in (*TRACKERS, *POLICIES):
        text = (DOCS / "models" / f"{name}.md").read_text(encoding="utf-8")
        titles = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert titles[:5] == ["Use", "In and out", "Weights and licence", "Figures", "Limits"], f"docs/models/{name}.md"


def code_blocks(page: str, language: str = "python") -> list[str]:
    """Of a page of docs/, in their order."""
    return re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )


@pytest.fixture
def as_typed(tmp_path, monkeypatch):
    """Writes a page's first code block where its second one, the entry of the registry, looks for it."""

    def write(page: str, package: str, entry_type: type):
        module, entry = code_blocks(page)
        registry = eval("{" + entry + "}", {entry_type.__name__: entry_type})
        (name,) = registry
        (tmp_path / f"{name}.py").write_text(module, encoding="utf-8")
        monkeypatch.syspath_prepend(str(tmp_path))
        monkeypatch.setitem(sys.modules, f"{package}.{name}", importlib.import_module(name))
        return registry[name]

    return write


def test_the_tracker_of_the_page_finds_the_red_spot_and_says_when_there_is_none(as_typed):
    entry = as_typed("own_tracker.md", "vlt_ros", TrackerEntry)
    tracker = entry.make(entry.default_config())
    rgb = np.full((120, 160, 3), 90, np.uint8)
    assert tracker.init(Frame(rgb, 1.0), "the red spot").box is None
    rgb[20:60, 30:80] = (200, 20, 30)
    box = tracker.update(Frame(rgb, 1.1)).box
    assert box is not None
    assert box.xyxy.tolist() == [30, 20, 80, 60]


def test_the_policy_of_the_page_goes_at_the_box_stops_before_it_and_stands_without(as_typed):
    entry = as_typed("own_policy.md", "trackvla_ros", PolicyEntry)
    policy = entry.make(entry.default_config())
    camera = Camera.from_hfov(640, 480, 1.5)

    def poses(*box_xyxy):
        box = Box(np.array(box_xyxy, float)) if box_xyxy else None
        frame = Frame(np.zeros((0, 0, 3), np.uint8), 1.0, camera)
        return policy.infer(Observation(frame, Sighting(1.0, box)))

    left = poses(100, 200, 160, 380)
    assert left.poses_base[-1, 0] > 0.3
    assert left.poses_base[-1, 1] > 0.1  # left in the image is left of the robot
    assert np.all(np.diff(left.times) > 0)
    assert np.allclose(poses(300, 20, 340, 460).poses_base[:, :2], 0.0)
    assert not poses().status.may_move


def test_the_walk_of_an_image_names_functions_that_exist_and_fits_on_a_page():
    rows = re.findall(r"\| `([\w/]+\.py)` \| `(\w+)` \|", (DOCS / "one_image.md").read_text(encoding="utf-8"))
    assert 30 < len(rows) < 40
    for file, function in rows:
        source = (ROOT / "src" / file).read_text(encoding="utf-8")
        assert f"def {function}(" in source, f"docs/one_image.md: {file} has no {function}"


def figures(text: str) -> set[float]:
    """The decimal numbers of a text, .86 and 0.86 alike."""
    return {float(number) for number in re.findall(r"(?<![\w.])\d*\.\d+(?![\w.])|(?<![\w.,])\d+(?=[ ,/])", text)}


@pytest.mark.parametrize("name", [*TRACKERS, *POLICIES])
def test_a_cards_figures_stand_in_the_results_that_it_links_to(name):
    card = (DOCS / "models" / f"{name}.md").read_text(encoding="utf-8")
    page: Path | None = None  # of the row before: "as above"
    for line in card.split("## Figures")[1].split("\n## ")[0].splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if not line.startswith("| ") or len(cells) != 3:
            continue
        link = re.search(r"\(\.\./(\w+\.md)", cells[2])
        page = DOCS / link.group(1) if link else page if cells[2] == "as above" else None
        if page is not None:
            missing = figures(cells[1]) - figures(page.read_text(encoding="utf-8"))
            assert not missing, f"docs/models/{name}.md says {missing}, which {page.name} does not"
