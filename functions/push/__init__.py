"""Push: sends partners what they are to hear."""
