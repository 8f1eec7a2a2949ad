"""What verbs do while they take time: one file for each verb, or for a few that are alike."""
