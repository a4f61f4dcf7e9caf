"""Registered names in texts, in every disguise."""
