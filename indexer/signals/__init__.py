"""Signals: compact representations of pictures, names and LoRA files that can be matched."""
