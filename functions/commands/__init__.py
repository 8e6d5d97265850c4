"""Commands: what eMSPs ask of our charge points, and what came of what we asked."""
