"""`IncomingPhoneNumbers`: numbers that accounts own."""
