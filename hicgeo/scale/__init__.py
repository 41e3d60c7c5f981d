"""The same analysis out of core: what is too large for the memory of one computer, in parts."""
