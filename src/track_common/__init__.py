"""What the three arrows share: types, interfaces, geometry and configuration (numpy only, no ROS, no torch)."""
