"""Events that come late or are corrected, and the later events that are judged again because of them (A51, A52)."""
