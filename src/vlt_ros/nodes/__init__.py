"""ROS 2 nodes of this package: thin, they declare, convert, call and publish."""
