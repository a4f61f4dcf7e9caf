"""The pure rules: no input or output, no clock, no chance. Only the standard library and `indexer.model`."""
