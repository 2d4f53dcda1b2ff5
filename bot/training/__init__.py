"""From challenger to champion."""
