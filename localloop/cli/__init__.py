"""The `localloop` command."""
