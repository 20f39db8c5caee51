"""One file for each command or group of commands; heavy imports stand inside the functions."""
