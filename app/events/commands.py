"""The group of the commands on events."""

from lib.commands import Commands

events = Commands("events", help="Events in bulk.")
