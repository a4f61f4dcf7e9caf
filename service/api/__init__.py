"""HTTP alone: routers, wire models, and the one table from errors to answers."""
