"""Reading the generators that other projects trained. Nothing in a file is ever executed."""
