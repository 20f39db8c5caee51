"""``policy:=uni_navid``: the public Uni-NaVid weights over the full TrackVLA code path."""
