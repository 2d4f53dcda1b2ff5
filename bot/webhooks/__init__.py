"""Programs elsewhere that are told what happened: signed, retried, each event once."""
