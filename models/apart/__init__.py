"""Work in a process of its own, whose end costs nothing but that work."""
