"""The simulator over real DDS: all topics at their rates, commands move the robot, the episode ends with code 0."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

pytestmark = pytest.mark.ros

FAST = ("-p", "real_time_factor:=0.0", "-p", "episode.density:=0.3", "-p", "episode.style:=hall")


def start(environment: dict[str, str], *settings: str) -> subprocess.Popen:
    command = [sys.executable, "-m", "evt_bench.nodes.sim_node", "--ros-args", *FAST, *settings]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.fixture
def simulator(ros_environment) -> Iterator[subprocess.Popen]:
    """A distracted episode, as fast as it goes."""
    process = start(ros_environment, "-p", "task:=DT", "-p", "seed:=3")
    yield process
    process.kill()
    process.wait()


def stamp(message) -> float:
    return message.header.stamp.sec + message.header.stamp.nanosec * 1e-9


def test_sensors_come_at_their_rates_with_frames_and_true_stamps(simulator, peer):
    from nav_msgs.msg import Odometry
    from sensor_msgs.msg import CameraInfo, Image, PointCloud2

    images = peer.collect(Image, "image_raw")
    clouds, odometry = peer.collect(PointCloud2, "points"), peer.collect(Odometry, "odom")
    infos = peer.collect(CameraInfo, "camera_info")
    peer.wait_until(
        lambda: len(clouds) >= 8 and len(images) >= 12 and len(odometry) >= 8 and bool(infos), "sensor data", 40.0
    )
    assert (images[0].width, images[0].height, images[0].encoding) == (640, 480, "rgb8")
    assert infos[0].k[0] == pytest.approx(320.0)
    assert images[0].header.frame_id == infos[0].header.frame_id == "camera_color_optical_frame"
    assert clouds[0].header.frame_id == "lidar" and clouds[0].width >= 4000
    for messages, rate in ((images, 30.0), (clouds, 15.0), (odometry, 60.0)):
        gaps = [stamp(b) - stamp(a) for a, b in zip(messages, messages[1:], strict=False)]
        assert min(gaps) == pytest.approx(1.0 / rate, abs=1e-3)


def test_truth_and_instruction_are_there_for_late_joiners(simulator, peer):
    from nav_msgs.msg import Odometry
    from std_msgs.msg import Float32, String
    from vision_msgs.msg import Detection2DArray, Detection3DArray

    from track_common.ros.qos import LATCHED

    said = peer.collect(String, "instruction", LATCHED)
    people = peer.collect(Detection3DArray, "ground_truth/people")
    boxes = peer.collect(Detection2DArray, "ground_truth/target_box")
    robots, gaps = peer.collect(Odometry, "ground_truth/robot"), peer.collect(Float32, "ground_truth/clearance")
    peer.wait_until(lambda: said and people and robots and gaps and boxes, "the truth", 40.0)
    roles = [d.results[0].hypothesis.class_id for d in people[0].detections]
    assert roles[0] == "target" and set(roles[1:]) == {"distractor"}
    assert people[0].header.frame_id == robots[0].header.frame_id == "map"
    target = boxes[0].detections[0]
    assert target.id == "target"
    scores = {r.hypothesis.class_id: r.hypothesis.score for r in target.results}
    assert 0.0 < scores["target"] <= 1.0 and scores["pixels"] > 1000
    assert len(said[0].data) > 10


def test_commands_move_the_robot_and_let_people_walk(simulator, peer):
    from geometry_msgs.msg import Twist
    from nav_msgs.msg import Odometry
    from vision_msgs.msg import Detection3DArray

    odometry = peer.collect(Odometry, "odom")
    people = peer.collect(Detection3DArray, "ground_truth/people")
    peer.wait_until(lambda: len(people) > 20 and bool(odometry), "truth and odometry", 40.0)

    def target():
        at = people[-1].detections[0].bbox.center.position
        return (at.x, at.y)

    first = people[0].detections[0].bbox.center.position
    assert target() == (first.x, first.y)
    commands = peer.publisher(Twist, "cmd_vel")
    turning = Twist()
    turning.angular.z = 0.8

    def has_moved() -> bool:
        commands.publish(turning)
        return odometry[-1].twist.twist.angular.z > 0.5 and target() != (first.x, first.y)

    peer.wait_until(has_moved, "robot and people to move", 40.0)


def test_an_episode_ends_with_code_0(ros_environment):
    process = start(ros_environment, "-p", "duration:=1.0")
    _, said = process.communicate(timeout=60)
    assert process.returncode == 0, said
    assert "episode over" in said


@pytest.mark.parametrize(
    ("setting", "said"),
    [("task:=DTT", "DTT"), ("camera.width:=5", "camera.width"), ("episode.style:=castle", "castle")],
)
def test_bad_settings_are_refused_in_one_line(ros_environment, setting, said):
    process = start(ros_environment, "-p", setting)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert said.split(".")[-1] in errors and "Traceback" not in errors
