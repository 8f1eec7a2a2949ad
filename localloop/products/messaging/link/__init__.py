"""Short links: made in messages, followed by whoever got them, and told of to the domain's owner."""
