"""What a program uses of Twilio, read from its source, its TwiML or a recording; and whether that behaves here."""
