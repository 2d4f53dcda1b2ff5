"""Everything that meets people: platforms, the pipeline, jobs and settings."""
