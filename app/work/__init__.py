"""The work after the answer: one more process, which numbers the feed and tells others."""
