"""The kernel: what an event is, what history a rule reads, one file for each kind of rule, and the engine.

The standard library alone: no clock, row, request or log. So the same event with the same history is always judged
the same: live, in the shadow and on history.
"""
