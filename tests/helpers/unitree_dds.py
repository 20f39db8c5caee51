"""The messages a GO2 speaks, as plain DDS types: fields as in unitree_api, unitree_go and ROS 2's own packages."""

from dataclasses import dataclass, field

from cyclonedds.idl import IdlStruct
from cyclonedds.idl.types import array, float32, float64, int8, int16, int32, int64, sequence, uint8, uint16, uint32


@dataclass
class Identity(IdlStruct, typename="unitree_api.msg.dds_.RequestIdentity_"):
    id: int64 = 0
    api_id: int64 = 0


@dataclass
class Lease(IdlStruct, typename="unitree_api.msg.dds_.RequestLease_"):
    id: int64 = 0


@dataclass
class RequestPolicy(IdlStruct, typename="unitree_api.msg.dds_.RequestPolicy_"):
    priority: int32 = 0
    noreply: bool = False


@dataclass
class RequestHeader(IdlStruct, typename="unitree_api.msg.dds_.RequestHeader_"):
    identity: Identity = field(default_factory=Identity)
    lease: Lease = field(default_factory=Lease)
    policy: RequestPolicy = field(default_factory=RequestPolicy)


@dataclass
class Request(IdlStruct, typename="unitree_api.msg.dds_.Request_"):
    header: RequestHeader = field(default_factory=RequestHeader)
    parameter: str = ""
    binary: sequence[uint8] = field(default_factory=list)


@dataclass
class Status(IdlStruct, typename="unitree_api.msg.dds_.ResponseStatus_"):
    code: int32 = 0


@dataclass
class ResponseHeader(IdlStruct, typename="unitree_api.msg.dds_.ResponseHeader_"):
    identity: Identity = field(default_factory=Identity)
    status: Status = field(default_factory=Status)


@dataclass
class Response(IdlStruct, typename="unitree_api.msg.dds_.Response_"):
    header: ResponseHeader = field(default_factory=ResponseHeader)
    data: str = ""
    binary: sequence[int8] = field(default_factory=list)


@dataclass
class TimeSpec(IdlStruct, typename="unitree_go.msg.dds_.TimeSpec_"):
    sec: int32 = 0
    nanosec: uint32 = 0


@dataclass
class Imu(IdlStruct, typename="unitree_go.msg.dds_.IMUState_"):
    quaternion: array[float32, 4] = (1.0, 0.0, 0.0, 0.0)
    gyroscope: array[float32, 3] = (0.0,) * 3
    accelerometer: array[float32, 3] = (0.0,) * 3
    rpy: array[float32, 3] = (0.0,) * 3
    temperature: int8 = 40


@dataclass
class SportModeState(IdlStruct, typename="unitree_go.msg.dds_.SportModeState_"):
    stamp: TimeSpec = field(default_factory=TimeSpec)
    error_code: uint32 = 0
    imu_state: Imu = field(default_factory=Imu)
    mode: uint8 = 0
    progress: float32 = 0.0
    gait_type: uint8 = 0
    foot_raise_height: float32 = 0.0
    position: array[float32, 3] = (0.0,) * 3
    body_height: float32 = 0.0
    velocity: array[float32, 3] = (0.0,) * 3
    yaw_speed: float32 = 0.0
    range_obstacle: array[float32, 4] = (0.0,) * 4
    foot_force: array[int16, 4] = (0,) * 4
    foot_position_body: array[float32, 12] = (0.0,) * 12
    foot_speed_body: array[float32, 12] = (0.0,) * 12


@dataclass
class Motor(IdlStruct, typename="unitree_go.msg.dds_.MotorState_"):
    mode: uint8 = 1
    q: float32 = 0.0
    dq: float32 = 0.0
    ddq: float32 = 0.0
    tau_est: float32 = 0.0
    q_raw: float32 = 0.0
    dq_raw: float32 = 0.0
    ddq_raw: float32 = 0.0
    temperature: int8 = 42
    lost: uint32 = 0
    reserve: array[uint32, 2] = (0, 0)


@dataclass
class Battery(IdlStruct, typename="unitree_go.msg.dds_.BmsState_"):
    version_high: uint8 = 0
    version_low: uint8 = 0
    status: uint8 = 0
    soc: uint8 = 0
    current: int32 = 0
    cycle: uint16 = 0
    bq_ntc: array[int8, 2] = (0, 0)
    mcu_ntc: array[int8, 2] = (0, 0)
    cell_vol: array[uint16, 15] = (0,) * 15


@dataclass
class LowState(IdlStruct, typename="unitree_go.msg.dds_.LowState_"):
    head: array[uint8, 2] = (0, 0)
    level_flag: uint8 = 0
    frame_reserve: uint8 = 0
    sn: array[uint32, 2] = (0, 0)
    version: array[uint32, 2] = (0, 0)
    bandwidth: uint16 = 0
    imu_state: Imu = field(default_factory=Imu)
    motor_state: array[Motor, 20] = field(default_factory=lambda: [Motor() for _ in range(20)])
    bms_state: Battery = field(default_factory=Battery)
    foot_force: array[int16, 4] = (0,) * 4
    foot_force_est: array[int16, 4] = (0,) * 4
    tick: uint32 = 0
    wireless_remote: array[uint8, 40] = (0,) * 40
    bit_flag: uint8 = 0
    adc_reel: float32 = 0.0
    temperature_ntc1: int8 = 0
    temperature_ntc2: int8 = 0
    power_v: float32 = 0.0
    power_a: float32 = 0.0
    fan_frequency: array[uint16, 4] = (0,) * 4
    reserve: uint32 = 0
    crc: uint32 = 0


@dataclass
class Time(TimeSpec, typename="builtin_interfaces.msg.dds_.Time_"):
    """The same fields under ROS's own name."""


@dataclass
class Header(IdlStruct, typename="std_msgs.msg.dds_.Header_"):
    stamp: Time = field(default_factory=Time)
    frame_id: str = "odom"


@dataclass
class Point(IdlStruct, typename="geometry_msgs.msg.dds_.Point_"):
    x: float64 = 0.0
    y: float64 = 0.0
    z: float64 = 0.0


@dataclass
class Vector(Point, typename="geometry_msgs.msg.dds_.Vector3_"):
    """The same fields under another name."""


@dataclass
class Quaternion(IdlStruct, typename="geometry_msgs.msg.dds_.Quaternion_"):
    x: float64 = 0.0
    y: float64 = 0.0
    z: float64 = 0.0
    w: float64 = 1.0


@dataclass
class Pose(IdlStruct, typename="geometry_msgs.msg.dds_.Pose_"):
    position: Point = field(default_factory=Point)
    orientation: Quaternion = field(default_factory=Quaternion)


@dataclass
class PoseWithCovariance(IdlStruct, typename="geometry_msgs.msg.dds_.PoseWithCovariance_"):
    pose: Pose = field(default_factory=Pose)
    covariance: array[float64, 36] = (0.0,) * 36


@dataclass
class Twist(IdlStruct, typename="geometry_msgs.msg.dds_.Twist_"):
    linear: Vector = field(default_factory=Vector)
    angular: Vector = field(default_factory=Vector)


@dataclass
class TwistWithCovariance(IdlStruct, typename="geometry_msgs.msg.dds_.TwistWithCovariance_"):
    twist: Twist = field(default_factory=Twist)
    covariance: array[float64, 36] = (0.0,) * 36


@dataclass
class Odometry(IdlStruct, typename="nav_msgs.msg.dds_.Odometry_"):
    header: Header = field(default_factory=Header)
    child_frame_id: str = "base_link"
    pose: PoseWithCovariance = field(default_factory=PoseWithCovariance)
    twist: TwistWithCovariance = field(default_factory=TwistWithCovariance)


@dataclass
class PointField(IdlStruct, typename="sensor_msgs.msg.dds_.PointField_"):
    name: str = "x"
    offset: uint32 = 0
    datatype: uint8 = 7
    count: uint32 = 1


@dataclass
class PointCloud2(IdlStruct, typename="sensor_msgs.msg.dds_.PointCloud2_"):
    header: Header = field(default_factory=Header)
    height: uint32 = 1
    width: uint32 = 0
    fields: sequence[PointField] = field(default_factory=list)
    is_bigendian: bool = False
    point_step: uint32 = 12
    row_step: uint32 = 0
    data: sequence[uint8] = field(default_factory=list)
    is_dense: bool = True
