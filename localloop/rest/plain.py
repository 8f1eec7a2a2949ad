"""Plain resources: created, kept, listed, filtered, updated and deleted by the contract alone."""
