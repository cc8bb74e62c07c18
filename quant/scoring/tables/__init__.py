"""Tables of reader scores, read: text cells, the words allowed, and readings made of them."""
