"""The matching library and its build command: pictures, names and LoRA files become signals, signals become matches.

Knows nothing of verdicts, cases or HTTP: the package `service` imports this one, never the other way round.
"""
