"""Who may text people in the United States: brands and campaigns of long codes, verifications of toll-free numbers."""
