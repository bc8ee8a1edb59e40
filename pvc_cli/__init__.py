"""The command line: asks the API, shows what it answers, follows jobs to their end."""
