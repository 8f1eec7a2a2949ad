"""TwiML of calls: the grammar as data, the verbs as typed values, and the reader that makes one of the other."""
