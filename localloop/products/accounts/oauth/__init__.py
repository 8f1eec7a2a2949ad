"""OAuth 2.0 client credentials: apps (`OQ…`), and the access tokens that they and API keys are given."""
