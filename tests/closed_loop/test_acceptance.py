"""The acceptance stages on the bridge's gate, its driver and the simulator's plant: sound pass, faulty fail."""

import json

import pytest
from tests.helpers.planar_robot import PlanarRobot

from evt_bench.world.plant import PlantConfig
from go2_bridge.drivers.command_gate import CommandGate
from go2_bridge.drivers.config import BridgeConfig
from go2_bridge.drivers.sport_api import Api
from go2_bridge.drivers.sport_topics import SportTopicsDriver
from go2_bridge.trials.acceptance import AcceptanceStage, Check
from go2_bridge.trials.ledger import code_state, record, require_unlocked
from go2_bridge.trials.trial import Instant, TrialError
from track_common.types import STOP, Odometry, VelocityCommand

CONFIG = BridgeConfig(driver="fake", deadman="none")  # no robot state here: the gate's own tests have it
DT = 0.02  # s


class Rig:
    """Bridge and robot without a network."""

    def __init__(self, robot=None, gate=None):
        self.robot, self.gate, self.trial = robot or PlanarRobot(), gate or CommandGate(CONFIG), None
        self.driver = SportTopicsDriver(CONFIG.limits, self.transmit)

    def transmit(self, request):
        self.trial.on_request(int(request.api), self.at)
        speeds = json.loads(request.parameter)
        is_move = request.api is Api.MOVE
        self.robot.command(VelocityCommand(speeds["x"], speeds["y"], speeds["z"]) if is_move else STOP)

    @property
    def at(self):
        return Instant(self.robot.now, self.robot.now)

    def run(self, stage):
        self.trial = trial = AcceptanceStage(stage, CONFIG.command_timeout)
        while not trial.is_over:
            now = self.robot.now
            trial.on_odometry(self.robot.odometry(), self.at)
            self._arm(trial.wants_armed, now)
            command = trial.control(self.at)
            if command is not None:
                self.gate.on_command(command, now)
            decision = self.gate.decide(now)
            self.driver.stop(now) if decision.reason else self.driver.send(decision.command, now)
            self.robot.step(DT)
        return trial.checks()

    def _arm(self, wanted, now):
        if wanted and not self.gate.arming.is_armed:
            assert self.gate.arm(now) is None
        elif not wanted and self.gate.arming.is_armed:
            self.gate.arming.disarm("the trial")
            self.driver = SportTopicsDriver(CONFIG.limits, self.transmit)


class GateThatNeverForgets(CommandGate):
    def _check_command(self, now):
        return None


class GateThatIsAlwaysArmed(CommandGate):
    def decide(self, now):
        self.arming.arm(now)
        return super().decide(now)


def unmet(checks):
    return [check.what for check in checks if not check.is_met]


@pytest.mark.parametrize("stage", ["S0", "S1", "S2"])
def test_a_sound_bridge_on_a_go2_passes(stage):
    checks = Rig(PlanarRobot(noise=0.001)).run(stage)
    assert unmet(checks) == [] and len(checks) >= 2


def test_a_bridge_that_moves_while_disarmed_fails_the_first_stage():
    assert unmet(Rig(gate=GateThatIsAlwaysArmed(CONFIG)).run("S0")) == ["requests that are not StopMove", "moved"]


def test_a_robot_that_coasts_fails_the_second():
    slow = PlantConfig(time_constant=1.4)
    assert unmet(Rig(PlanarRobot(slow)).run("S1")) == ["standing after the zero command"]


def test_a_robot_that_does_not_walk_fails_the_second():
    assert unmet(Rig(PlanarRobot(deadband=0.2)).run("S1")) == ["walked"]


def test_a_bridge_that_keeps_the_last_command_fails_the_third():
    """Then the robot walks on until the bound of the distance or the end of the stage stops it."""
    failed = unmet(Rig(gate=GateThatNeverForgets(CONFIG)).run("S2"))
    assert "StopMove after the last command" in failed


@pytest.mark.parametrize(("gain", "word"), [(2.0, ""), (4.0, "speed")])
def test_a_robot_that_is_too_fast_ends_the_stage(gain, word):
    class Fast(PlanarRobot):
        def odometry(self):
            pose = super().odometry()
            return Odometry(pose.stamp, gain * pose.x, gain * pose.y, pose.yaw)

    rig = Rig(Fast())
    checks = rig.run("S1")
    assert word in rig.trial.failure
    assert unmet(checks) == (["bounds"] if word else [])
    assert rig.trial.control(rig.at) == STOP


def test_stages_unlock_in_order_and_for_one_state_of_the_code_only(tmp_path):
    ledger, passed, failed = tmp_path / "runs" / "ledger.json", [Check("a", "", "", True)], [Check("a", "", "", False)]
    require_unlocked(ledger, "S0", "one")
    with pytest.raises(TrialError, match="S0 has not been passed with this code"):
        require_unlocked(ledger, "S1", "one")
    record(ledger, "S0", "one", passed)
    require_unlocked(ledger, "S1", "one")
    with pytest.raises(TrialError, match="locked"):
        require_unlocked(ledger, "S1", "two")
    record(ledger, "S1", "one", passed)
    require_unlocked(ledger, "S2", "one")
    record(ledger, "S0", "one", failed)
    with pytest.raises(TrialError, match="S0"):
        require_unlocked(ledger, "S2", "one")
    assert [run["passed"] for run in json.loads(ledger.read_text())] == [False, False, False]


def test_without_git_there_is_no_acceptance(tmp_path):
    with pytest.raises(TrialError, match="no git clone"):
        code_state(tmp_path)
