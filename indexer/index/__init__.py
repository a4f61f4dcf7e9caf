"""Finding the nearest stored signals, and keeping them on disk as snapshots."""
