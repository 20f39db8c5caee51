"""`trackvla launch`: runs our ROS 2 XML launch files where there is no official `launch` package.

element.py reads XML with line numbers, reader.py turns it into actions, resolver.py turns actions and arguments into
processes, supervisor.py runs those and ends them. Nothing here imports rclpy.
"""
