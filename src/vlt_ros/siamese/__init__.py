"""What happens around the VLT networks, frame by frame: crops in, maps out, box and size updated (numpy and OpenCV)."""
