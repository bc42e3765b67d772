"""The kernel: what an event is, what history a rule reads, one file for each kind of rule, and the engine.

It uses the standard library alone: no clock, row, request or log. The same event with the same history therefore
always meets the same rules: live, in the shadow and in a backtest.
"""
