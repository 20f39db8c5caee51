"""A process that publishes like a robot's camera and LiDAR: numbered images of 921 kB and clouds, for a while.

python fake_robot.py SECONDS: waits until somebody listens to all, publishes.
"""

import random
import sys
import time
from array import array

import rclpy
from geometry_msgs.msg import Twist
from rclpy.duration import Duration
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image, PointCloud2, PointField
from std_msgs.msg import Header, String

IMAGE_RATE, CLOUD_EVERY = 30.0, 2  # Hz; a cloud with every second image
POINTS = 5000
PIXELS = array("B", random.Random(0).randbytes(921_600))  # noise: nothing for a compressor to gain
XYZ = array("B", bytes(12 * POINTS))


def header(number: int, frame_id: str) -> Header:
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = number // 30, number % 30 * 33_000_000
    return made


def image(number: int) -> Image:
    return Image(header=header(number, "camera"), height=480, width=640, encoding="rgb8", step=1920, data=PIXELS)


def cloud(number: int) -> PointCloud2:
    fields = [PointField(name=n, offset=4 * i, datatype=PointField.FLOAT32, count=1) for i, n in enumerate("xyz")]
    made = PointCloud2(header=header(number, "lidar"), height=1, width=POINTS, fields=fields, point_step=12)
    made.row_step, made.data = 12 * POINTS, XYZ
    return made


def main() -> None:
    rclpy.init(args=sys.argv)
    node = rclpy.create_node("fake_robot")
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    best_effort = QoSProfile(depth=5, reliability=ReliabilityPolicy.BEST_EFFORT)
    node.create_publisher(String, "instruction", latched).publish(String(data="follow the man in blue"))
    images = node.create_publisher(Image, "image_raw", 5)
    clouds = node.create_publisher(PointCloud2, "points", best_effort)
    commands = node.create_publisher(Twist, "cmd_vel", 1)
    while not all(p.get_subscription_count() for p in (images, clouds, commands)):
        time.sleep(0.02)
    total = round(float(sys.argv[1]) * IMAGE_RATE)
    start = time.monotonic()
    for number in range(total):
        time.sleep(max(0.0, start + number / IMAGE_RATE - time.monotonic()))
        images.publish(image(number))
        commands.publish(Twist())
        if number % CLOUD_EVERY == 0:
            clouds.publish(cloud(number))
    for publisher in (images, commands):
        publisher.wait_for_all_acked(Duration(seconds=5.0))
    time.sleep(0.2)  # the last cloud is still on its way
    rclpy.shutdown()


if __name__ == "__main__":
    main()
