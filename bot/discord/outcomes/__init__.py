"""Outcomes told where people read them, and the winners of seasons."""
