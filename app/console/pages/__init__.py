"""The pages, one module for each part of the console; importing them adds their routes."""
