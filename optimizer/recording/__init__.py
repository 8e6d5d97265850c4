"""The record of a site, which each run takes further: what was drawn, who has left, what happened."""
