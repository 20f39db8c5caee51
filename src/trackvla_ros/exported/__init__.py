"""TrackVLA run from exported graphs by onnxruntime, without torch: what ``policy:=trackvla`` ships with."""
