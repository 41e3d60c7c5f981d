"""What drives it: run files, the notebooks, the command line."""
