"""Faults under load: what is killed, stopped or filled up, and the proof that nothing acknowledged is lost.

`python -m e2e.faults`, from the top of a checkout. The service runs in a copy, on data of its own.
"""
