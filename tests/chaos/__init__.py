"""Proof that nothing is lost and nothing doubled while processes, servers and wires fail.

`make chaos` runs the long form (`python -m tests.chaos`); docs/reliability.md explains both.
"""
