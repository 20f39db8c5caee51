"""A policy on another computer: ``trackvla serve`` there, ``policy:=remote`` on the robot (docs/remote.md)."""
