"""How good and how varied a generator's images are: one score a file."""
