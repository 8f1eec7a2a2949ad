"""API keys, under three addresses: 2010 `Keys`, 2010 `SigningKeys` and `iam/v1/Keys` are one resource."""
