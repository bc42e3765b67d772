"""What tests, e2e and bench share. It sees the service from outside, and imports nothing of `app` or `lib`."""
