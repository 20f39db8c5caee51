"""The VLT networks: searched two-branch backbone with ModaMixer, and the SCAR and TT trackers built on it (torch)."""
