"""What other people's tools are told: errors, and how long things take. Off unless it is set."""
