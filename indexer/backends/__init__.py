"""Embedding models: where they come from, and the runtimes that compute them."""
