"""The simulated place: rooms, people, a GO2 with camera, LiDAR and odometry, on MuJoCo."""
