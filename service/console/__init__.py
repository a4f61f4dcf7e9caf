"""The console: web pages for people, rendered here and usable without scripts. README.md says how to add one.

It is an application of its own below `/console`, with its own errors, headers and forms (app.py), and shares with the
API only what lies below both.
"""
