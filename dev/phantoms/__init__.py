"""The image fixtures by subject; dev/make-phantoms.py writes them."""
