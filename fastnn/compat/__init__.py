"""Older spellings: one table of names, old module paths, and the interfaces of other times."""
