"""Moving pictures: a writer a format, each of which takes frames as they are ready."""
