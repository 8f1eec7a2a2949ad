"""The versions of the schema, in order: a Python file that names each, and its SQL beside it."""
