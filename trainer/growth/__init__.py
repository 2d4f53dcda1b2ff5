"""Growth curves: fitted here, served by models/growth_curves.py."""
