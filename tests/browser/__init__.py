"""A package, so that its tests can share a browser (pytest knows no folders without one)."""
