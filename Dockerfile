# syntax=docker/dockerfile:1
# The robot's way (README.md, «On a GO2») as a container; builds the same steps, for amd64 and arm64:
#   docker build --build-arg ROS_DISTRO=jazzy -t trackvla_ros .         # or humble, kilted
#   docker run --rm -it --net=host --ipc=host trackvla_ros ros2 launch trackvla_ros robot.launch.xml --show-args
ARG ROS_DISTRO=jazzy
FROM ros:${ROS_DISTRO}-ros-base
SHELL ["/bin/bash", "-c"]
ENV DEBIAN_FRONTEND=noninteractive

WORKDIR /trackvla_ros
# What rosdep finds in package.xml first: it changes seldom.
COPY package.xml ./
RUN apt-get update \
    && apt-get install -y --no-install-recommends g++ cmake make python3-venv python3-dev libegl1 libgl1-mesa-dri \
    && source /opt/ros/${ROS_DISTRO}/setup.bash \
    && rosdep update --rosdistro ${ROS_DISTRO} \
    && rosdep install --from-paths . --ignore-src -r -y \
    && rm -rf /var/lib/apt/lists/*

COPY . .
RUN source /opt/ros/${ROS_DISTRO}/setup.bash && make colcon

# Where `--build-arg CHECK=true` is given, the image is built only if the tests pass too.
ARG CHECK=false
RUN --mount=type=tmpfs,target=/dev/shm \
    source /opt/ros/${ROS_DISTRO}/setup.bash && source install/setup.bash && trackvla doctor \
    && if [[ ${CHECK} == true ]]; then make test; fi

RUN printf '#!/bin/bash\nset -e\nsource /trackvla_ros/install/setup.bash\nexec "$@"\n' > /entrypoint.sh && chmod +x /entrypoint.sh
ENTRYPOINT ["/entrypoint.sh"]
CMD ["trackvla", "doctor"]
