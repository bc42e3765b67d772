"""End to end: what any client sees over HTTP, held against the contract. Imports nothing of the service."""
