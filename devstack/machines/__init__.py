"""Virtual machines with BMCs of their own, as a rack has them."""
