"""Money, exactly: fills become postings that cancel, postings become balances, balances and marks become an account."""
