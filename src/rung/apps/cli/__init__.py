"""The command line: a file per verb, imported when the verb is used."""
