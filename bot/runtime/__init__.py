"""The ground: clock, tasks, scheduler, log, download. Imports nothing of ours."""
