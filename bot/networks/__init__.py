"""What Reddit, Lemmy, Mastodon and Bluesky have in common."""
