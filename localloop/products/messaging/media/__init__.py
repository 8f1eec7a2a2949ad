"""The media of messages: fetched, kept, shown, served, and let go."""
