"""Readers of cards, beside those that the package ships: proof that a rule has many readings."""
