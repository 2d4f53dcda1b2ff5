"""What moderators do with Peoria on Reddit itself: a wiki page, messages, a weekly leaderboard."""
