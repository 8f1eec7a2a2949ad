"""`AvailablePhoneNumbers`: the inventory as an account may buy from it."""
