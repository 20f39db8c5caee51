"""The reference pages: made of what the real nodes declare, with a meaning for each topic, service and parameter."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "docs" / "reference.py"
pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def reference():
    spec = importlib.util.spec_from_file_location("docs_reference", SCRIPT)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["docs_reference"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def graph(reference):
    return reference.observed_graph()


def test_every_node_is_observed(reference, graph):
    assert {end["node"] for end in graph["ends"]} == set(reference.NODE_ORDER)


def test_every_parameter_says_why_it_is_there(graph):
    assert len(graph["settings"]) > 300
    assert [one["name"] for one in graph["settings"] if not one["reason"]] == []


def test_the_pages_hold_every_name_of_the_graph(reference, graph):
    pages = reference.pages(graph)
    assert set(pages) == set(reference.PAGES)
    assert [one["name"] for one in graph["settings"] if f"`{one['name']}`" not in pages["parameters.md"]] == []
    names = {end["name"] for end in graph["ends"]}
    assert {name for name in names if f"`{name}`" not in pages["topics.md"] + pages["services.md"]} == set()
    assert "## trackvla bench follow" in pages["cli.md"]
    assert "| `driver` | `sport_topics` |" in pages["launch_arguments.md"]


def test_a_topic_that_nobody_describes_is_refused_with_the_place_to_write_it(reference):
    end = {"node": "tracker", "kind": "publishes", "name": "secret", "type": "std_msgs/msg/String", "qos": ""}
    with pytest.raises(reference.UndescribedError, match=r"docs/architecture.md describes no topic secret; add a row"):
        reference.topics_page([end], reference.described("Topics"))


def test_the_page_of_topics_describes_none_that_no_node_has(reference, graph):
    names = {end["name"] for end in graph["ends"]}
    assert set(reference.described("Topics")) <= names
    assert set(reference.described("Services")) - {"follow_object"} <= names
