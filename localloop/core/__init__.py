"""What everything else stands on, without I/O: ids, time, numbers, money, segments, errors, settings."""
