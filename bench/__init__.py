"""How fast the service is, measured over HTTP and SQL: CPU time per event against a floor, growth, steadiness."""
