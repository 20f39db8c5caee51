"""Tracker node: image_raw + instruction or init_box -> target_box, with the image's own header.

The newest image wins: callbacks only keep it, a thread of its own converts, tracks and publishes. Another tracker is
made while the old one goes on; it takes over from the last box.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent import futures
from functools import partial
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from std_msgs.msg import Header
from vision_msgs.msg import Detection2D, Detection2DArray

from track_common.config import ConfigError, lookup, refusing
from track_common.drawing import draw_sighting
from track_common.interfaces import TargetError, Tracker
from track_common.ros import qos
from track_common.ros.camera_topic import CameraTopic
from track_common.ros.conversions import (
    MessageError,
    box_from_detection,
    camera_from_info,
    check_image_size,
    detections_from_sighting,
    frame_from_image,
    image_from_rgb,
    image_size_from_info,
    seconds_from_stamp,
)
from track_common.ros.diagnostics import ERROR, OK, WARN, Diagnostics
from track_common.ros.frames import listen_to_frames
from track_common.ros.instruction import InstructionTopic
from track_common.ros.operator_topics import listen_to_operator
from track_common.ros.parameters import declare
from track_common.ros.run import run_node, settle_memory
from track_common.types import Camera, Frame, Sighting
from track_common.worker import Worker
from vlt_ros.nodes.tracker_config import TrackerNodeConfig
from vlt_ros.registry import TRACKERS, TrackerEntry
from vlt_ros.session import TrackingSession

WARN_PERIOD = 2.0  # s between two equal warnings
WAIT = 0.2  # s; how often the thread looks whether the node ends
LOOK = 0.01  # s; how often images are looked for while a tracker is made


class TrackerNode(Node):
    """See the module's first line."""

    exit_code: int | None = None  # set when the tracker broke; ``run_node`` then ends the process

    def __init__(self, **kwargs: Any) -> None:
        super().__init__("tracker", **kwargs)
        self._declared: dict[str, Any] = {}
        self._session: TrackingSession | None = None
        self._ready: dict[str, tuple[Any, Tracker]] = {}
        self._config = declare(self, TrackerNodeConfig(), on_change=self._on_config)
        self._session = self._make_session(self._config.tracker)
        self._session.instruct(self._config.instruction)
        self._prepare(self._config.prepare)
        self._diagnostics = Diagnostics(self)
        self._frames = listen_to_frames(self)
        self._info: CameraInfo | None = None
        self._newest: Image | CompressedImage | None = None
        self._has_image, self._is_ending = threading.Condition(), False
        self._boxes = self.create_publisher(Detection2DArray, "target_box", qos.LATEST)
        self._annotated = self.create_publisher(Image, "image_annotated", qos.SENSOR_OUT)
        self._subscribe()
        self._worker = Worker("tracker", self._work, self._on_broken)

    def on_shutdown(self) -> None:
        """End the thread; called while the context is still valid."""
        with self._has_image:
            self._is_ending = True
            self._has_image.notify()
        self._worker.join(timeout=2.0)

    def destroy_node(self) -> None:
        """As ``Node.destroy_node``, the thread ended first."""
        self.on_shutdown()
        super().destroy_node()

    def _subscribe(self) -> None:
        transport, rate = self._config.image_transport, self._config.camera_rate
        self._images = CameraTopic(self, self._diagnostics, self._on_image, transport, rate)
        self.create_subscription(CameraInfo, "camera_info", self._on_info, qos.SENSOR)
        self._instruction = InstructionTopic(self, lambda instruction: self._running.instruct(instruction))
        listen_to_operator(self, Detection2D, "init_box", self._on_first_box)

    def _on_image(self, message: Image | CompressedImage) -> None:
        with self._has_image:
            self._newest = message
            self._has_image.notify()

    def _on_info(self, message: CameraInfo) -> None:
        self._info = message

    def _on_first_box(self, message: Detection2D) -> None:
        try:
            box = box_from_detection(message)
        except MessageError as error:
            self.get_logger().warning(f"init_box refused: {error}")
            return
        self._running.start_at(box.xyxy)

    def _work(self) -> None:
        """The thread: newest image in, box out, until the node ends."""
        while True:
            with self._has_image:
                while self._newest is None and not self._is_ending:
                    self._has_image.wait(WAIT)
                message, self._newest = self._newest, None
            if self._is_ending or message is None:
                return
            self._track(message)

    def _on_broken(self, error: Exception) -> None:
        """A tracker that broke must not look like one that sees nothing: the node ends."""
        self.get_logger().fatal(f"tracker '{self._config.tracker}' broke: {error!r}; the node ends")
        self.exit_code = 1
        self._is_ending = True

    def _track(self, message: Image | CompressedImage) -> None:
        if self._is_too_old(message):
            return
        try:
            with self._diagnostics.stage("convert"):
                frame = self._frame(message)
        except MessageError as error:
            self._diagnostics.count("bad_images")
            self._diagnostics.level(ERROR, str(error))
            self.get_logger().warning(f"image dropped: {error}", throttle_duration_sec=WARN_PERIOD)
            return
        with self._diagnostics.stage("track"):
            sighting = self._running.process(frame)
        if self._running.failure:
            self._refuse_frame(self._running.failure)
            return
        self._publish(message, frame, sighting)

    def _refuse_frame(self, failure: str) -> None:
        """No target_box: the planner must not take a tracker that fails for a target out of view."""
        text = f"tracker '{self._config.tracker}' failed on the image, no box is published: {failure}"
        self._diagnostics.count("failed_frames")
        self._diagnostics.level(ERROR, text)
        self.get_logger().error(text, throttle_duration_sec=WARN_PERIOD)

    def _publish(self, message: Image | CompressedImage, frame: Frame, sighting: Sighting) -> None:
        self._boxes.publish(detections_from_sighting(sighting, message.header))
        self._diagnostics.count("frames")
        age = self.get_clock().now().nanoseconds * 1e-9 - frame.stamp
        self._diagnostics.record("image_to_box", max(age, 0.0))
        reason = self._running.reason or ("" if sighting.box else "target not in view")
        self._diagnostics.level(WARN if reason else OK, reason or "target in view")
        if self._annotated.get_subscription_count() > 0:
            self._annotated.publish(image_from_rgb(draw_sighting(frame.rgb, sighting), message.header))

    def _frame(self, message: Image | CompressedImage) -> Frame:
        camera = self._camera(message.header)
        frame = frame_from_image(message, camera)
        if self._info is not None:  # whoever reads the boxes computes with it: a scaled camera would not do
            check_image_size(frame.rgb, image_size_from_info(self._info))
        return frame

    def _camera(self, header: Header) -> Camera | None:
        """The calibrated, mounted camera; None until both are known."""
        mount = (
            None if self._info is None else self._frames.lookup(self._config.base_frame, header.frame_id, header.stamp)
        )
        if self._info is None or mount is None:
            return None
        try:
            return camera_from_info(self._info, mount)
        except MessageError as error:
            self.get_logger().warning(f"camera_info not used: {error}", throttle_duration_sec=WARN_PERIOD)
            return None

    def _is_too_old(self, message: Image | CompressedImage) -> bool:
        age = self.get_clock().now().nanoseconds * 1e-9 - seconds_from_stamp(message.header.stamp)
        if not 0.0 < self._config.max_image_age < age:
            return False
        self._diagnostics.count("old_images")
        self.get_logger().warning(f"image is {age:.2f} s old: not tracked", throttle_duration_sec=WARN_PERIOD)
        return True

    @property
    def _running(self) -> TrackingSession:
        if self._session is None:
            raise RuntimeError("the tracker node is not up yet")
        return self._session

    def _on_config(self, config: TrackerNodeConfig) -> None:
        """A run-time change; a tracker that cannot go on from here is refused."""
        if self._session is not None and config.tracker != self._config.tracker:
            self._swap(config.tracker)
        if self._session is not None and config.instruction != self._config.instruction:
            self.get_logger().info(f"instruction: '{config.instruction[:100]}'")
            self._session.instruct(config.instruction)
            self._instruction.tell(config.instruction)
        self._config = config

    def _make_session(self, name: str) -> TrackingSession:
        entry = lookup("tracker", name, TRACKERS)
        with refusing(f"tracker '{name}' cannot be made"):
            return TrackingSession(entry.make(self._settings(name, entry)), entry.needs_box)

    def _prepare(self, name: str) -> None:
        if name and name != self._config.tracker:
            entry = TRACKERS[name]
            config = self._settings(name, entry)
            with refusing(f"tracker '{name}' cannot be made"):
                self._ready[name] = config, entry.make(config)

    def _swap(self, name: str) -> None:
        began = time.monotonic()
        entry = lookup("tracker", name, TRACKERS)
        with refusing(f"tracker '{name}' cannot be made"):
            self._while_images_come(entry.default_config)  # the module is imported: a second where it needs torch
        self._go_on_with(name, entry, self._settings(name, entry))
        self.get_logger().info(f"tracker is now {name}, after {time.monotonic() - began:.2f} s")

    def _go_on_with(self, name: str, entry: TrackerEntry, config: Any) -> None:
        try:
            self._running.swap(self._made(name, entry, config), entry.needs_box)
        except TargetError as error:
            raise ConfigError(f"refused, the tracker stays as it is: {error}") from error

    def _made(self, name: str, entry: TrackerEntry, config: Any) -> Tracker:
        """The one made ready with these settings, else a new one; ConfigError whatever it is that cannot be loaded."""
        ready_config, ready = self._ready.pop(name, (None, None))
        if ready is not None and ready_config == config:
            return ready
        with refusing(f"tracker '{name}' cannot be made"):
            tracker = self._while_images_come(partial(entry.make, config))
        settle_memory()
        return tracker

    def _while_images_come(self, make: Callable[[], Any]) -> Any:
        """What ``make`` answers, run in a thread of its own; this one, the executor's, takes images in meanwhile.

        An executor of several threads would do as much, but takes a third longer over every image.
        """
        with futures.ThreadPoolExecutor(1, thread_name_prefix="make") as maker:
            made = maker.submit(make)
            while not made.done():
                images = self._images.subscription
                with images.handle:
                    taken = images.handle.take_message(images.msg_type, images.raw)
                if taken is not None:
                    self._images.on_image(taken[0])
                futures.wait([made], timeout=LOOK)
            return made.result()

    def _settings(self, name: str, entry: TrackerEntry) -> Any:
        """The tracker's settings, its parameters declared when it is first used."""
        if name not in self._declared:

            def keep(config: Any) -> None:
                if self._session is not None and name == self._config.tracker:
                    self._go_on_with(name, entry, config)
                self._declared[name] = config

            self._declared[name] = declare(self, entry.default_config(), f"{name}.", keep)
        return self._declared[name]


def main() -> None:
    """Entry point of ``ros2 run trackvla_ros tracker_node``."""
    run_node(TrackerNode)


if __name__ == "__main__":
    main()
