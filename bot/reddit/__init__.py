"""Reddit as a platform: one praw client on a thread of its own, and what is done with it."""
