"""Training of the VLT trackers: videos -> pairs -> crops and labels -> weights."""
