"""A stand-in for Nav2, in a process of its own: a real action server named navigate_to_pose that does as it is told.

`python fake_nav2.py serve` accepts, sends feedback and drives on nav_cmd_vel until it is cancelled; `arrive` gets there
after half a second, `reject` and `abort` do so, `ignore` never answers a goal, `silent` accepts and then says nothing.
What it goes through is told on the topic nav2_log.
"""

import signal
import sys
import time

import rclpy
from geometry_msgs.msg import Twist
from nav2_msgs.action import NavigateToPose
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.executors import ExternalShutdownException, MultiThreadedExecutor
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import String

PERIOD = 0.05  # s between feedbacks
ARRIVES_AFTER = 0.5  # s
LOG = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)  # its reader may be found after the first goal
FOR_EVER = 60.0  # s; longer than any test waits


class FakeNav2(Node):
    def __init__(self, mode: str) -> None:
        super().__init__("bt_navigator", enable_rosout=False)
        self._mode = mode
        self._log = self.create_publisher(String, "nav2_log", LOG)
        self._velocity = self.create_publisher(Twist, "nav_cmd_vel", 1)
        self._server = ActionServer(
            self,
            NavigateToPose,
            "navigate_to_pose",
            execute_callback=self._execute,
            goal_callback=self._on_goal,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def _on_goal(self, request) -> GoalResponse:
        place = request.pose.pose.position
        self._say(f"goal {request.pose.header.frame_id} {place.x:.2f} {place.y:.2f}")
        if self._mode == "ignore":
            time.sleep(FOR_EVER)
        return GoalResponse.REJECT if self._mode == "reject" else GoalResponse.ACCEPT

    def _execute(self, goal):
        start = time.monotonic()
        if self._mode == "abort":
            goal.abort()
            return NavigateToPose.Result(error_msg="no way")
        while not goal.is_cancel_requested:
            if self._mode == "arrive" and time.monotonic() - start > ARRIVES_AFTER:
                goal.succeed()
                return NavigateToPose.Result()
            if self._mode != "silent":
                goal.publish_feedback(NavigateToPose.Feedback(distance_remaining=1.0))
                twist = Twist()
                twist.linear.x = 0.3
                self._velocity.publish(twist)
            time.sleep(PERIOD)
        goal.canceled()
        self._say("cancelled")
        return NavigateToPose.Result()

    def _say(self, text: str) -> None:
        self._log.publish(String(data=text))


def main() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # it has nothing to clean up
    rclpy.init()
    node = FakeNav2(sys.argv[1])
    executor = MultiThreadedExecutor(4)
    executor.add_node(node)
    try:
        executor.spin()
    except (KeyboardInterrupt, ExternalShutdownException):
        return


if __name__ == "__main__":
    main()
