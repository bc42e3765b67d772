"""Makes `.venv` with exactly the locked packages: `python3 -m lib.install service`, `run` or `dev`.

Run by the Python of the system, before anything is installed: standard library only, and no syntax that is
younger than Python 3.6, so that an old Python can say that it is too old instead of showing a syntax error.
"""
