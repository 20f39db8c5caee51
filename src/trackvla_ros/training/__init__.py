"""Training TrackVLA: stage 1 aligns the projector on captions, stage 2 trains projector, language model and head."""
