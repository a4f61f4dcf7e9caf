"""The jobs of the service, one module each."""
