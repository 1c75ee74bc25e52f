"""Other servers of the same generator; see requirements.txt for what they need."""
