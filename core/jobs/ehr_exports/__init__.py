"""Loading an EHR's own exports (CONTRACTS §6): files read with a profile, then stored as practice files are."""
