"""`@optimistic`: writes that meet only the version that their caller has seen."""
