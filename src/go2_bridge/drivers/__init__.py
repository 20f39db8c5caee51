"""command -> robot, one file a driver; the names are what ``driver:=`` takes."""
