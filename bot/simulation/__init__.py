"""A made-up community with a known truth, for running everything else against."""
