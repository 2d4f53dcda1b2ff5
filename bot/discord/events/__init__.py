"""What the bot does by itself on Discord: one file a feature, which owns its tasks."""
