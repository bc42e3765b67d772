"""Installs exactly the locked packages into `.venv`: `python3 -m lib.install service`, `run` or `dev`.

The system's Python runs it before anything is installed: so it uses the standard library only and no syntax newer than
Python 3.6, and an old Python can say that it is too old instead of showing a syntax error.
"""
