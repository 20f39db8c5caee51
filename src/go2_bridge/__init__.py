"""trajectory + LiDAR -> command: controller, stop layer, robot drivers."""
