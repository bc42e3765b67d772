"""What a service of this kind counts and measures, for Prometheus: of all its worker processes together."""
