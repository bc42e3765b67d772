"""Events that come in bulk: files of other systems, imported as if each event had been sent."""
