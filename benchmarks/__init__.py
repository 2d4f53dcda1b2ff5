"""Side-by-side measurements: each prints ours and its peer from the same run."""
