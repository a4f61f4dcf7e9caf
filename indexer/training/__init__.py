"""Drawing of demonstration data and training of the picture encoder."""
