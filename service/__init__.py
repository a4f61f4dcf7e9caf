"""The screening service: decides, remembers and notifies.

main        the web application, built by a function
api         HTTP alone: routers, wire models, one table of errors
bootstrap   the one place where concrete adapters are chosen
usecases    one module per job; screening.py reads from top to bottom
ports       what the use cases need from the world
domain      the pure rules: evidence, policy, decide()
adapters    the world: databases, snapshots on disk
"""
