"""Programs that the page of the API shows: each runs by itself, with a token."""
