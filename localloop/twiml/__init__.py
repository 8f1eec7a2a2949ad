"""TwiML: documents parsed safely, and interpreters that turn them into commands without doing anything."""
