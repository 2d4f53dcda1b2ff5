"""What Peoria remembers: tables, sessions, queries and image files."""
