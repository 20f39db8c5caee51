"""The search: its operators, its budget, its memory; rewards follow the path alone; a tiny search runs to the end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vlt_ros.model.paths import CHOICES, NetworkPath
from vlt_ros.search.evolution import EvolutionConfig, Genes, best, cross, mutate, next_generation, random_genes

torch = pytest.importorskip("torch")
pytest.importorskip("accelerate")

from track_common.config import ConfigError  # noqa: E402
from vlt_ros.model import checkpoint, zoo  # noqa: E402
from vlt_ros.search.config import SearchPlan, read_search_plan, search_plan_from_dict  # noqa: E402
from vlt_ros.search.reward import make_judge, search_macs  # noqa: E402
from vlt_ros.search.search import search  # noqa: E402
from vlt_ros.search.workers import open_workers  # noqa: E402
from vlt_ros.training.start import starting_network  # noqa: E402

CONFIGS = Path(__file__).parents[3] / "config" / "train"
BACKBONE = {"stem": 4, "widths": [6, 8, 12, 16], "depths": [2, 2, 2, 2], "has_classifier": False}
TOY_SEEDS = range(2)


def plan(out: Path, **changes: Any) -> SearchPlan:
    training = {
        "model": {"backbone": BACKBONE, "width": 8, "groups": 4, "tower": 1},
        "data": [{"name": "synthetic", "pairs": 8, "videos": 3, "frames": 6}],
        **{"batch": 2, "epochs": 1, "stop_at": 2, "validation_videos": 1, "warmup_epochs": 0},
    }
    evolution = {"generations": 2, "population": 3, "parents": 2, "mutants": 1, "crossovers": 1}
    values = {"out": str(out), "calibration_batches": 1, "frames": 3, "evolution": evolution, "training": training}
    return search_plan_from_dict({**values, **changes})


def apart(first: Genes, second: Genes) -> int:
    return sum(a != b for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


def evolved(form: str, seed: int) -> int:
    """Wrong genes of the best of 20 generations where the reward is the number of right ones."""
    wanted = random_genes(np.random.default_rng(99 + seed))
    config = EvolutionConfig(form=form, seed=seed)
    rewards: dict[Genes, float] = {}
    for number in range(config.generations):
        for genes in next_generation(config, number, rewards):
            rewards[genes] = -apart(genes, wanted)
    assert len(rewards) == config.generations * config.population  # no path is judged twice
    return apart(best(rewards, 1)[0], wanted)


def test_operators_of_single_genes_come_nearer_than_the_released_ones() -> None:
    genes, lists = ([evolved(form, seed) for seed in TOY_SEEDS] for form in ("genes", "lists"))
    assert max(genes) < 10 and sum(genes) < sum(lists)


@given(seed=st.integers(0, 9999), form=st.sampled_from(["genes", "lists"]))
def test_a_child_has_every_gene_from_a_parent(seed: int, form: str) -> None:
    rng = np.random.default_rng(seed)
    first, second = random_genes(rng), random_genes(rng)
    child = cross(first, second, form, rng)
    for c, a, b in zip(child, first, second, strict=True):
        assert all(gene in (x, y) for gene, x, y in zip(c, a, b, strict=True))
        assert form == "genes" or c in (a, b)


@given(seed=st.integers(0, 9999))
def test_mutation_reaches_every_list_but_in_the_released_form(seed: int) -> None:
    rng = np.random.default_rng(seed)
    genes = random_genes(rng)
    ours = mutate(genes, EvolutionConfig(gene_probability=1.0), rng)
    theirs = mutate(genes, EvolutionConfig(gene_probability=1.0, form="lists"), rng)
    assert all(0 <= gene < CHOICES for part in ours for gene in part) and theirs[3] == genes[3]
    assert mutate(genes, EvolutionConfig(gene_probability=0.0), rng) == genes
    assert apart(ours, genes) > 20


def test_a_limit_keeps_paths_out_and_an_impossible_one_is_said() -> None:
    config = EvolutionConfig(population=8, mutants=0, crossovers=0)
    made = next_generation(config, 0, {}, is_allowed=lambda genes: genes[0][0] == 2)
    assert len(made) == 8 and all(genes[0][0] == 2 for genes in made)
    with pytest.raises(ValueError, match="raise max_macs"):
        next_generation(EvolutionConfig(population=2), 0, {}, is_allowed=lambda genes: False)


def test_a_tiny_search_ends_goes_on_and_says_what_it_did(tmp_path: Path) -> None:
    made = plan(tmp_path, baseline=2, retrain_epochs=1)
    result = search(made)
    stored = json.loads((tmp_path / "history.json").read_text())
    assert [len(generation) for generation in stored["generations"]] == [3, 3] and len(stored["random"]) == 2
    rewards = [row["reward"] for generation in stored["generations"] for row in generation]
    assert result.reward == max(rewards) and len(result.generation_means) == 2
    retrained = checkpoint.read(tmp_path / "retrained" / "model.safetensors")
    assert retrained.path == result.path

    cut = {**stored, "generations": [stored["generations"][0], stored["generations"][1][:1]], "random": []}
    (tmp_path / "history.json").write_text(json.dumps(cut))
    assert search(made) == result
    assert json.loads((tmp_path / "history.json").read_text())["generations"] == stored["generations"]
    with pytest.raises(ConfigError, match="another search"):
        search(plan(tmp_path, frames=4))


def saved_supernet(folder: Path) -> SearchPlan:
    made = plan(folder)
    network = starting_network(made.training)
    made.supernet.parent.mkdir(parents=True)
    checkpoint.save(network, NetworkPath.random(np.random.default_rng(0), (2, 2, 2, 2)), made.supernet)
    return made


def test_a_reward_does_not_depend_on_what_was_judged_before(tmp_path: Path) -> None:
    made = saved_supernet(tmp_path)
    rng = np.random.default_rng(1)
    first, second = (random_genes(rng, (2, 2, 2, 2)) for _ in range(2))
    judge = make_judge(made)
    before = judge.reward(first)
    judge.reward(second)
    assert judge.reward(first) == before


@pytest.mark.slow
def test_other_processes_give_the_same_rewards(tmp_path: Path) -> None:
    made = saved_supernet(tmp_path)
    rng = np.random.default_rng(1)
    paths = [random_genes(rng, (2, 2, 2, 2)) for _ in range(3)]
    with open_workers(made) as here:
        alone = list(here.rewards(paths))
    with open_workers(search_plan_from_dict({**made.to_dict(), "processes": 2})) as others:
        assert list(others.rewards(paths)) == alone


@pytest.mark.slow
def test_a_ray_cluster_gives_the_same_rewards(tmp_path: Path) -> None:
    ray = pytest.importorskip("ray")
    made = saved_supernet(tmp_path)
    genes = random_genes(np.random.default_rng(1), (2, 2, 2, 2))
    ray.init(num_cpus=1, include_dashboard=False)
    try:
        with open_workers(search_plan_from_dict({**made.to_dict(), "cluster": "ray"})) as cluster:
            assert list(cluster.rewards([genes])) == [make_judge(made).reward(genes)]
    finally:
        ray.shutdown()


def test_ray_is_asked_for_by_name_where_it_is_missing(tmp_path: Path) -> None:
    try:
        import ray  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(ConfigError, match="pip install ray"), open_workers(plan(tmp_path, cluster="ray")):
            pass
    else:
        pytest.skip("ray is installed here")


def test_wider_kernels_cost_more(tmp_path: Path) -> None:
    network = starting_network(plan(tmp_path).training)
    narrow, wide = (NetworkPath.from_lists([[k] * 8, [k] * 8, [k] * 4, [k] * 4]) for k in (0, 2))
    assert 0 < search_macs(network, narrow) < search_macs(network, wide)


def test_the_published_networks_cost_what_was_measured() -> None:
    for name, wanted in (("vlt_scar", 5.6), ("vlt_tt", 9.8 + 3.5)):  # GMAC; 3.5 are products of attention
        assert search_macs(zoo.build(name), zoo.architecture(name).path) == pytest.approx(wanted, rel=0.05)


@pytest.mark.parametrize("file", sorted(CONFIGS.glob("vlt_*search*.yaml")), ids=lambda f: f.stem)
def test_the_configurations_of_this_project_are_plans(file: Path) -> None:
    made = read_search_plan(file)
    assert made.training.path is None and search_plan_from_dict(made.to_dict()) == made


def test_a_search_without_videos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="validation_videos is 0"):
        search_plan_from_dict({"out": str(tmp_path)})
