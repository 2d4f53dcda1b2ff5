"""Research that serves nobody: the seed studies, replays, evaluation of a file."""
