"""Tokens: eMSPs push theirs, CPOs read ours and ask whether one may be used."""
