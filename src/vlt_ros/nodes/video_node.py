"""Video node: a video file or a folder of images as a camera (image_raw, camera_info)."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from track_common.config import ConfigError, setting
from track_common.ros import qos
from track_common.ros.conversions import image_from_rgb, info_from_camera
from track_common.ros.diagnostics import ERROR, Diagnostics
from track_common.ros.parameters import declare
from track_common.ros.run import run_node
from track_common.types import Camera
from vlt_ros.video import MAX_RATE, Video, VideoError, open_video

FULL_CIRCLE_LIMIT = math.pi - 0.01  # rad; a pinhole's field of view stays below half a turn
DONE, FAILED = 0, 1  # exit codes
SETTLED = 0.5  # s without a further subscriber: nodes of one launch find each other within that of one another


@dataclass(frozen=True)
class VideoNodeConfig:
    """Parameters of the video node."""

    video: str = setting("", "video file, or folder of images", runtime=False)
    rate: float = setting(0.0, "frames a second; 0 = the video's own", unit="1/s", low=0.0, high=MAX_RATE)
    loop: bool = setting(False, "start again at the end; else the node ends there")
    hfov: float = setting(1.2, "horizontal field of view", unit="rad", low=0.05, high=FULL_CIRCLE_LIMIT)
    wait_for_subscribers: float = setting(
        15.0,
        "the first frame waits at most so long for somebody who takes it; 0 = not at all",
        unit="s",
        low=0.0,
        high=600.0,
        runtime=False,
    )
    frame_id: str = setting("camera_color_optical_frame", "coordinate frame of the images", runtime=False)


class Audience:
    """Whether the subscribers of a video that is played once have come, so that they miss none of its frames.

    Discovery takes a tenth of a second to three seconds, a tracker's start longer.
    """

    def __init__(self, patience: float, now: float) -> None:
        """``patience`` and ``now`` in s, monotonic."""
        self._end, self._count, self._since = now + patience, 0, now
        self._is_there = False

    def is_there(self, count: int, now: float) -> bool:
        """True for good once there were subscribers and no further one has come for ``SETTLED``, or patience ended."""
        if count != self._count:
            self._count, self._since = count, now
        is_settled = count > 0 and now - self._since >= SETTLED
        self._is_there = self._is_there or is_settled or now >= self._end
        return self._is_there


class VideoNode(Node):
    """Publishes one frame a timer tick; ``exit_code`` is set when the video is over."""

    def __init__(self) -> None:
        super().__init__("video")
        self.exit_code: int | None = None
        self._config = declare(self, VideoNodeConfig(), on_change=self._on_config)
        self._video = _open(self._config)
        self._frames: Iterator[NDArray[np.uint8]] = self._video.frames()
        self._diagnostics = Diagnostics(self)
        self._images = self.create_publisher(Image, "image_raw", qos.SENSOR_OUT)
        self._infos = self.create_publisher(CameraInfo, "camera_info", qos.SENSOR_OUT)
        self._audience = Audience(self._config.wait_for_subscribers, time.monotonic())
        self._timer = self.create_timer(1.0 / self._video.rate, self._on_timer)
        if self._video.warning:
            self.get_logger().warning(self._video.warning)
        self.get_logger().info(
            f"{self._video.path}: {self._video.width}x{self._video.height} at {self._video.rate:g} Hz"
        )

    def _on_config(self, config: VideoNodeConfig) -> None:
        """Rate, loop and field of view may change while the video plays."""
        self._timer.timer_period_ns = int(1e9 / (config.rate or self._video.rate))
        self._config = config

    def _on_timer(self) -> None:
        if not self._audience.is_there(self._images.get_subscription_count(), time.monotonic()):
            return
        try:
            rgb = self._next()
        except VideoError as error:
            self.get_logger().error(str(error))
            self._diagnostics.level(ERROR, str(error))
            self._end(FAILED)
            return
        if rgb is None:
            self.get_logger().info("the video is over")
            self._end(DONE)
            return
        header = Header(stamp=self.get_clock().now().to_msg(), frame_id=self._config.frame_id)
        camera = Camera.from_hfov(rgb.shape[1], rgb.shape[0], self._config.hfov)
        self._infos.publish(info_from_camera(camera, header))
        self._images.publish(image_from_rgb(rgb, header))
        self._diagnostics.count("frames")

    def _next(self) -> NDArray[np.uint8] | None:
        """The next frame, from the start again where it loops; None at the end."""
        rgb = next(self._frames, None)
        if rgb is None and self._config.loop:
            self._frames = self._video.frames()
            rgb = next(self._frames, None)
        return rgb

    def _end(self, code: int) -> None:
        self._timer.cancel()
        self.exit_code = code


def _open(config: VideoNodeConfig) -> Video:
    if not config.video:
        raise ConfigError("parameter video is empty; wanted a video file or a folder of images (video:=walk.mp4)")
    try:
        return open_video(config.video, config.rate)
    except VideoError as error:
        raise ConfigError(str(error)) from error


def main() -> None:
    """Entry point of ``ros2 run trackvla_ros video_node``."""
    run_node(VideoNode)


if __name__ == "__main__":
    main()
