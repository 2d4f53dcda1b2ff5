"""Figures, the gate and comparisons."""
