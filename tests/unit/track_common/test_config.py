"""Settings are refused by name, value and bound; nothing slips in unchecked."""

from dataclasses import dataclass

import pytest

from track_common.config import ConfigError, lookup, override, setting, validate


@dataclass(frozen=True)
class SpeedConfig:
    slow: float = setting(0.5, "slow speed", unit="m/s", low=0.0, high=2.0)
    fast: float = setting(1.0, "fast speed", unit="m/s", low=0.0)
    gait: str = setting("trot", "gait", choices=("trot", "walk"))
    steps: int = setting(3, "steps")
    is_loud: bool = setting(False, "speaks")

    def check(self) -> None:
        if self.slow > self.fast:
            raise ConfigError(f"slow {self.slow} is above fast {self.fast}")


def test_an_override_changes_what_it_names_and_leaves_the_original():
    config = SpeedConfig()
    assert override(config, {"slow": 0.7, "gait": "walk"}) == SpeedConfig(slow=0.7, gait="walk")
    assert config == SpeedConfig()


def test_a_refusal_does_not_repeat_a_value_of_any_length():
    said = str(ConfigError(f"mode '{'x' * 100_000}' unknown; use a, b or c"))
    assert len(said) < 1000 and said.startswith("mode 'xxx") and said.endswith("unknown; use a, b or c")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"slo": 1.0}, "'slo' unknown in SpeedConfig; did you mean 'slow'"),
        ({"slow": 2.5}, "slow is 2.5; wanted 0.0..2.0 m/s"),
        ({"slow": -0.1}, "slow is -0.1"),
        ({"slow": float("nan")}, "wanted a finite number"),
        ({"fast": float("inf")}, "wanted a finite number"),
        ({"slow": "quick"}, "wanted float"),
        ({"steps": 2.5}, "wanted int"),
        ({"gait": "trott"}, "did you mean 'trot'"),
        ({"slow": 1.5}, "slow 1.5 is above fast 1.0"),
        ({"slow": True}, "wanted float"),
        ({"steps": True}, "wanted int"),
    ],
)
def test_a_setting_that_is_not_allowed_is_refused_with_its_reason(values, message):
    with pytest.raises(ConfigError, match=message):
        override(SpeedConfig(), values)


def test_a_whole_number_may_stand_for_a_float():
    assert override(SpeedConfig(), {"slow": 1}).slow == 1


def test_a_config_made_by_hand_is_checked_too():
    with pytest.raises(ConfigError, match="above fast"):
        validate(SpeedConfig(slow=2.0))


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(ConfigError, match="tracker 'grund' unknown; .*known: csrt, grounded"):
        lookup("tracker", "grund", {"grounded": 1, "csrt": 2})
