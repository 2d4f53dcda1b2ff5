"""Work that is cut into parts which need not know of each other: in turn, or on a Ray cluster."""
