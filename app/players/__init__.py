"""The register of users."""
